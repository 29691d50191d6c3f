// Whether the loop that polls came round in time. With a program's stamps (no completion timestamps) the time in which it
// did not run (stopped, or not scheduled on a busy host) would read as the network's; so what is found after such a time
// is marked. It finds out what is longer than the sleep that was asked for and kLateNs; shorter delays it cannot see.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace weft {

// When completions were seen, and whether that can stand for their stamps.
struct Seen {
  int64_t monotonic_ns = 0;
  // They may have come in at any time since `since_ns`, when the queue was last seen empty.
  bool stood_still = false;
  int64_t since_ns = 0;
};

class LoopWatch {
 public:
  static constexpr int64_t kLateNs = 5 * kNsPerMs;

  explicit LoopWatch(int64_t now_ns) : empty_ns_(now_ns), asked_ns_(kNsPerS) {}

  // The queue was polled until it was empty.
  void emptied(int64_t now_ns) {
    empty_ns_ = now_ns;
    asked_ns_ = 0;
  }
  // The loop goes to sleep for `span_ns` at most.
  void sleeps(int64_t span_ns) { asked_ns_ = span_ns; }

  Seen seen(int64_t now_ns) const { return {now_ns, now_ns - empty_ns_ > asked_ns_ + kLateNs, empty_ns_}; }

 private:
  int64_t empty_ns_;
  int64_t asked_ns_;
};

}  // namespace weft
