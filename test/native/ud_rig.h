// Engines of the product over the fake verbs library, each pumped by a thread of its own as a worker would.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/engine.h"
#include "check.h"
#include "fake_verbs_control.h"
#include "rdma/rdma.h"

namespace weft::test {

inline RdmaConfig config_of(const std::string &device) {
  RdmaConfig config;
  config.device = device;
  config.qkey = 0x1111'1111;
  return config;
}

// Ends the test when `condition` does not come true within a time that only a hang takes.
inline void wait_for(const char *what, const std::function<bool()> &condition,
                     std::chrono::seconds limit = std::chrono::seconds(60)) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() > end) fail(__FILE__, __LINE__, std::string("waited in vain until ") + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

class Agent {
 public:
  // `slice_ms`: for how long the engine is left to itself at a time.
  explicit Agent(const RdmaConfig &config, int slice_ms = 20) : slice_ms_(slice_ms) {
    auto opened = open_rdma_engine(config);
    if (!opened.ok()) fail(__FILE__, __LINE__, std::string(opened.error().syscall));
    engine_ = opened.value();
    thread_ = std::thread([this] { run(); });
  }
  explicit Agent(const std::string &device) : Agent(config_of(device)) {}

  ~Agent() {
    resume();
    engine_.engine->close();
    thread_.join();
  }

  // A second: nothing but a hang takes that long.
  static constexpr uint32_t kTimeoutUs = 1'000'000;

  // Every 5 ms.
  void probe(const std::string &gid, uint32_t qpn, uint16_t paths = 1, uint32_t timeout_us = kTimeoutUs,
             uint16_t lid = 0, uint64_t interval_us = 5'000) {
    TargetTable table;
    table.entries.push_back(entry_of(1, gid, qpn, paths, timeout_us, lid, interval_us));
    engine_.engine->set_targets(std::move(table));
  }
  // To a target of this DSCP.
  void probe_marked(Agent &other, uint8_t dscp) {
    const RdmaStatus to = other.status();
    TargetTable table;
    table.entries.push_back(entry_of(1, to.gid, to.qpn, 1, kTimeoutUs, to.lid, 5'000));
    table.entries[0].dscp = dscp;
    engine_.engine->set_targets(std::move(table));
  }
  void probe(Agent &other, uint16_t paths = 1) {
    const RdmaStatus status = other.status();
    probe(status.gid, status.qpn, paths, kTimeoutUs, status.lid);
  }
  // Targets of different addresses, each every 10 ms: one host at as many of its ways.
  void probe_many(uint32_t targets, const std::string &gid, uint32_t qpn) {
    TargetTable table;
    for (uint32_t i = 0; i < targets; ++i) table.entries.push_back(entry_of(i + 1, gid, qpn, 1, kTimeoutUs, 0, 10'000));
    for (uint32_t i = 0; i < targets; ++i) {
      table.entries[i].first_path = static_cast<uint16_t>(i % 256);
      table.entries[i].dscp = static_cast<uint8_t>(i / 256);
    }
    engine_.engine->set_targets(std::move(table));
  }
  void stop_probing() { engine_.engine->set_targets({}); }

  // The worker does not come back, or does.
  void pause() {
    paused_ = true;
    engine_.engine->wake();
    wait_for("the engine stands still", [this] { return standing_.load(); });
  }
  void resume() { paused_ = false; }

  RdmaStatus status() {
    RdmaStatus status = engine_.monitor->status();
    for (const std::string &event : status.events) events_.push_back(event);
    return status;
  }
  const std::vector<std::string> &events() {
    status();
    return events_;
  }

  double stat(const std::string &name) const {
    for (const auto &[own, value] : engine_.engine->stats()) {
      if (name == own) return value;
    }
    fail(__FILE__, __LINE__, "no counter " + name);
  }

  std::vector<Record> records(ProbeResult result) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<Record> found;
    std::copy_if(records_.begin(), records_.end(), std::back_inserter(found),
                 [&](const Record &record) { return record.result == result; });
    return found;
  }
  void forget_records() {
    const std::lock_guard<std::mutex> lock(mutex_);
    records_.clear();
  }
  std::vector<Record> await(ProbeResult result, size_t count) {
    wait_for("there are records of that result", [&] { return records(result).size() >= count; });
    return records(result);
  }
  // Probes succeed again, from now on.
  std::vector<Record> await_successes(size_t count) {
    forget_records();
    return await(ProbeResult::kSuccess, count);
  }
  bool changed() const { return changed_; }
  bool told(const std::string &part) {
    const std::vector<std::string> &all = events();
    return std::any_of(all.begin(), all.end(), [&](const std::string &event) { return event.find(part) != event.npos; });
  }

 private:
  static TargetEntry entry_of(uint32_t id, const std::string &gid, uint32_t qpn, uint16_t paths, uint32_t timeout_us,
                              uint16_t lid, uint64_t interval_us) {
    TargetEntry entry{};
    entry.id = id;
    entry.interval_us = interval_us;
    entry.timeout_us = timeout_us;
    entry.paths = paths;
    entry.qpn = qpn;
    entry.lid = lid;
    gid.copy(entry.address, sizeof entry.address - 1);
    return entry;
  }

  void run() {
    Slice slice;
    slice.capacity = 4096;
    while (!slice.closed) {
      standing_ = paused_.load();
      if (paused_) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        continue;
      }
      engine_.engine->pump(slice_ms_, slice);
      if (slice.changed) changed_ = true;
      const std::lock_guard<std::mutex> lock(mutex_);
      records_.insert(records_.end(), slice.records.begin(), slice.records.end());
      slice.records.clear();
    }
    // Destroyed where it was pumped, as in the agent.
    engine_.monitor.reset();
  }

  const int slice_ms_;
  RdmaEngine engine_;
  std::thread thread_;
  std::atomic<bool> paused_{false}, standing_{false}, changed_{false};
  std::mutex mutex_;  // guards records_
  std::vector<Record> records_;
  std::vector<std::string> events_;
};

// Two hosts on one wire. The first probes the second.
struct Pair {
  explicit Pair(const std::string &settings) : fake(settings), a("fake0"), b("fake1") {}

  FakeVerbs fake;
  Agent a;
  Agent b;
};

}  // namespace weft::test
