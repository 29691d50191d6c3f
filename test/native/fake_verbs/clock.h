// The clock of a simulated NIC: a counter of its own frequency, width and offset that follows the host's monotonic
// clock exactly, but for its drift and the jumps it is told to make.
#pragma once

#include <cstdint>

#include "settings.h"

namespace fake_verbs {

// Simulated times are CLOCK_MONOTONIC ns, and what leaves a NIC leaves at a multiple of this.
constexpr int64_t kQuantumNs = 32;

int64_t now_ns();
int64_t round_up(int64_t time_ns);

class NicClock {
 public:
  // `number` is the device's: no two clocks agree.
  explicit NicClock(unsigned number);

  // The counter at a time, as completions show it.
  uint64_t ticks_at(const Settings &settings, int64_t time_ns) const;
  // Its wall clock at a time, ns since 1970.
  uint64_t wall_clock_at(const Settings &settings, int64_t time_ns) const;
  void jump(int64_t ns) { offset_ns_ += ns; }

 private:
  int64_t start_ns_;
  int64_t start_wall_ns_;
  int64_t offset_ns_;
};

uint64_t clock_mask(const Settings &settings);

}  // namespace fake_verbs
