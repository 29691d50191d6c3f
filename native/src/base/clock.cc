#include "base/clock.h"

#include <time.h>

namespace weft {

namespace {

// A preemption between two reads would look like a step; such a reading is taken again.
constexpr int64_t kGoodReadingNs = 5 * kNsPerUs;
constexpr int kReadings = 4;
constexpr int64_t kStepNs = 20 * kNsPerUs;

int64_t read(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<int64_t>(now.tv_sec) * kNsPerS + now.tv_nsec;
}

}  // namespace

int64_t monotonic_ns() { return read(CLOCK_MONOTONIC); }

int64_t realtime_ns() { return read(CLOCK_REALTIME); }

ClockPair read_clocks() {
  ClockPair best;
  for (int i = 0; i < kReadings; ++i) {
    const int64_t before = monotonic_ns();
    const int64_t realtime = realtime_ns();
    const int64_t after = monotonic_ns();
    if (i == 0 || after - before < best.uncertainty_ns) {
      best = ClockPair{before, realtime, after - before};
    }
    if (best.uncertainty_ns <= kGoodReadingNs) break;
  }
  return best;
}

bool clock_stepped(const ClockPair& before, const ClockPair& after) {
  const int64_t moved = after.offset() - before.offset();
  const int64_t tolerance = kStepNs + before.uncertainty_ns + after.uncertainty_ns;
  return moved > tolerance || moved < -tolerance;
}

}  // namespace weft
