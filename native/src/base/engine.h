// What a worker pumps and the main thread commands.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/record.h"
#include "base/target_table.h"
#include "base/wakeup.h"

namespace weft {

// Counters by name, for people: names are static strings.
using Stats = std::vector<std::pair<const char*, double>>;

// A counter that one thread adds to and any thread reads.
class Counter {
 public:
  void add(uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  double get() const { return static_cast<double>(value_.load(std::memory_order_relaxed)); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Thread safety: `pump` is called by one thread at a time (any thread); everything else by any thread at any time.
class Engine {
 public:
  explicit Engine(Wakeup wakeup) : wakeup_(std::move(wakeup)) {}
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // One slice: at most `max_ms`, less when the slice is full, on wake and on close. Appends to `slice.records`.
  virtual void pump(int max_ms, Slice& slice) = 0;
  virtual void set_targets(TargetTable table) = 0;
  virtual Stats stats() const = 0;
  virtual uint16_t port() const { return 0; }

  void wake() { wakeup_.signal(); }
  void close() {
    closed_.store(true, std::memory_order_release);
    wakeup_.signal();
  }

 protected:
  bool closed() const { return closed_.load(std::memory_order_acquire); }
  const Wakeup& wakeup() const { return wakeup_; }

 private:
  Wakeup wakeup_;
  std::atomic<bool> closed_{false};
};

}  // namespace weft
