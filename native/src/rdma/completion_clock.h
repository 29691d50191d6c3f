// The time stamps of a NIC's completions, made into ns: raw ticks of its core clock (ibv_wc_read_completion_ts), which
// wrap at a mask, or UTC ns (ibv_wc_read_completion_wallclock_ns).
//
// A NIC's clock can jump: its wall clock when PTP steps it, its ticks when the device is reset. Nothing here can tell a
// jump from time that has passed. It looks like this: a duration across it is wrong by the jump, so negative or far
// longer than the same time on the host's clock; durations that begin after it are right again. The caller judges by
// plausibility, each duration for itself (see rdma/delay.h), and must not keep a reading as a point in time.
#pragma once

#include <cstdint>

namespace weft {

// A clock of its own whose zero is the first stamp. A value; not thread-safe.
class CompletionClock {
 public:
  // `mask` and `khz` as the device says: completion_timestamp_mask and hca_core_clock of ibv_device_attr_ex.
  // REQUIRES: mask = 2^n - 1, n > 0; khz > 0.
  static CompletionClock ticks(uint64_t mask, uint64_t khz);
  static CompletionClock nanoseconds();

  // ns since the first stamp, rounded down from the exact figure: no error adds up. Completions may be handled out of
  // order: a stamp up to half a turn before the last one is earlier (and the result may be negative), any other is
  // later. Whole turns that pass without a stamp are not seen. Held below 2^62 either way (146 years), so that any two readings
  // can be subtracted.
  int64_t ns(uint64_t stamp);

  // Durations must be below this, ns. Held below 2^62, too.
  int64_t half_turn_ns() const;

 private:
  using Ticks = __int128;

  CompletionClock(uint64_t mask, uint64_t khz) : mask_(mask), khz_(khz) {}
  int64_t to_ns(Ticks ticks) const;

  uint64_t mask_;
  uint64_t khz_;
  bool started_ = false;
  uint64_t last_ = 0;
  Ticks elapsed_ = 0;  // of `last_` since the first stamp
};

}  // namespace weft
