// Engines behind integer handles, for the whole process: the main thread and every worker see the same ones. The only
// global state of the addon. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/engine.h"
#include "rdma/rdma.h"

namespace weft {

class HandleTable {
 public:
  static HandleTable& instance() {
    static HandleTable table;
    return table;
  }

  uint32_t add(std::shared_ptr<Engine> engine) {
    const std::lock_guard<std::mutex> lock(mutex_);
    engines_.emplace(++last_, Entry{std::move(engine), nullptr});
    return last_;
  }

  uint32_t add(RdmaEngine rdma) {
    const std::lock_guard<std::mutex> lock(mutex_);
    engines_.emplace(++last_, Entry{std::move(rdma.engine), std::move(rdma.monitor)});
    return last_;
  }

  // Nothing when the handle was never given out or is closed. The engine lives as long as the pointer is held.
  std::shared_ptr<Engine> find(uint32_t handle) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = engines_.find(handle);
    return found == engines_.end() ? nullptr : found->second.engine;
  }

  // Nothing also when the engine is not one of RDMA.
  std::shared_ptr<RdmaMonitor> monitor(uint32_t handle) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = engines_.find(handle);
    return found == engines_.end() ? nullptr : found->second.monitor;
  }

  std::shared_ptr<Engine> remove(uint32_t handle) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = engines_.find(handle);
    if (found == engines_.end()) return nullptr;
    auto engine = std::move(found->second.engine);
    engines_.erase(found);
    return engine;
  }

 private:
  struct Entry {
    std::shared_ptr<Engine> engine;
    std::shared_ptr<RdmaMonitor> monitor;
  };

  std::mutex mutex_;
  std::unordered_map<uint32_t, Entry> engines_;
  uint32_t last_ = 0;
};

}  // namespace weft
