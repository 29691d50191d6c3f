// The two clocks of a host, ns. Kernel timestamps are CLOCK_REALTIME; T1 and T6 are CLOCK_MONOTONIC.
#pragma once

#include <cstdint>

namespace weft {

constexpr int64_t kNsPerUs = 1'000;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kNsPerS = 1'000'000'000;

int64_t monotonic_ns();
int64_t realtime_ns();

// One instant on both clocks, as good as it can be read: the realtime reading lies within `uncertainty_ns` of the
// monotonic one. `offset()` only changes when the wall clock is stepped: slewing moves both clocks alike.
struct ClockPair {
  int64_t monotonic = 0;
  int64_t realtime = 0;
  int64_t uncertainty_ns = 0;

  int64_t offset() const { return realtime - monotonic; }
};

ClockPair read_clocks();

// Whether the wall clock was stepped between two readings.
bool clock_stepped(const ClockPair& before, const ClockPair& after);

}  // namespace weft
