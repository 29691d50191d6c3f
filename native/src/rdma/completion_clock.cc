#include "rdma/completion_clock.h"

#include <algorithm>

namespace weft {

namespace {

constexpr uint64_t kNsTimesKhz = 1'000'000;  // of a clock of 1 kHz, ns a tick
constexpr int64_t kMaxNs = (int64_t{1} << 62) - 1;

}  // namespace

CompletionClock CompletionClock::ticks(uint64_t mask, uint64_t khz) { return {mask, khz}; }

CompletionClock CompletionClock::nanoseconds() { return {UINT64_MAX, kNsTimesKhz}; }

int64_t CompletionClock::ns(uint64_t stamp) {
  if (!started_) {
    started_ = true;
    last_ = stamp;
  }
  const uint64_t ahead = (stamp - last_) & mask_;
  const uint64_t behind = (last_ - stamp) & mask_;
  elapsed_ += ahead < behind ? Ticks{ahead} : -Ticks{behind};
  last_ = stamp;
  return to_ns(elapsed_);
}

int64_t CompletionClock::half_turn_ns() const { return to_ns(Ticks{mask_ / 2} + 1); }

int64_t CompletionClock::to_ns(Ticks ticks) const {
  const Ticks scaled = ticks * kNsTimesKhz;
  Ticks ns = scaled / khz_;
  if (ns * khz_ > scaled) --ns;  // division rounds towards zero
  return static_cast<int64_t>(std::clamp<Ticks>(ns, -kMaxNs, kMaxNs));
}

}  // namespace weft
