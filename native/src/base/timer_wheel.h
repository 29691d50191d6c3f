// A hashed timing wheel for many timers that mostly fire: O(1) to set and cancel, no allocation after growth. Items are
// small integers of the caller's choice. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

namespace weft {

class TimerWheel {
 public:
  static constexpr int64_t kNever = INT64_MAX;

  explicit TimerWheel(int64_t now_ns);

  // Items are 0 … count-1; existing timers stay.
  void grow(uint32_t count);
  // Sets or moves the item's timer.
  void schedule(uint32_t item, int64_t deadline_ns);
  void cancel(uint32_t item);
  // Unhooks every item whose deadline has passed and appends it to `due`.
  void expire(int64_t now_ns, std::vector<uint32_t>& due);
  // The earliest deadline, or kNever.
  int64_t next_deadline() const;

 private:
  static constexpr int kTickShift = 20;  // a tick is 2^20 ns, about 1 ms
  static constexpr uint32_t kBuckets = 2048;
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Link {
    int64_t deadline_ns = kNever;
    uint32_t next = kNone;
    uint32_t previous = kNone;
    bool linked = false;
  };

  static int64_t tick_of(int64_t time_ns) { return time_ns >> kTickShift; }
  uint32_t bucket_of(int64_t deadline_ns) const;
  int64_t earliest_in(uint32_t bucket, int64_t before_tick) const;

  std::vector<Link> links_;
  std::vector<uint32_t> heads_;
  std::vector<uint64_t> occupied_;  // one bit a bucket
  int64_t current_tick_;
  uint32_t count_ = 0;
};

}  // namespace weft
