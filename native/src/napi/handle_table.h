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
    engines_.emplace(++last_, Entry{std::move(engine), nullptr, std::make_shared<Slice>(), false});
    return last_;
  }

  uint32_t add(RdmaEngine rdma) {
    const std::lock_guard<std::mutex> lock(mutex_);
    engines_.emplace(++last_, Entry{std::move(rdma.engine), std::move(rdma.monitor), std::make_shared<Slice>(), false});
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

  // What a slice is made of. Of a closed engine there is no more than what its slices had no room for; of one whose last
  // slice was taken, nothing.
  struct Pumped {
    std::shared_ptr<Engine> engine;
    std::shared_ptr<Slice> slice;  // filled by the pumping thread, and kept between slices so that none allocates
  };
  Pumped pumped(uint32_t handle) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = engines_.find(handle);
    if (found == engines_.end()) return {};
    found->second.pumped = true;
    return {found->second.engine, found->second.slice};
  }

  // Closes the handle. Who pumped the engine goes on until the slice that says so: `forget`.
  std::shared_ptr<Engine> remove(uint32_t handle) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = engines_.find(handle);
    if (found == engines_.end()) return nullptr;
    auto engine = std::move(found->second.engine);
    found->second.monitor.reset();
    if (!found->second.pumped) engines_.erase(found);
    return engine;
  }

  // The last slice was taken.
  void forget(uint32_t handle) {
    const std::lock_guard<std::mutex> lock(mutex_);
    engines_.erase(handle);
  }

 private:
  struct Entry {
    std::shared_ptr<Engine> engine;  // nullptr: closed
    std::shared_ptr<RdmaMonitor> monitor;
    std::shared_ptr<Slice> slice;
    bool pumped;
  };

  std::mutex mutex_;
  std::unordered_map<uint32_t, Entry> engines_;
  uint32_t last_ = 0;
};

}  // namespace weft
