#include "clock.h"

#include <cmath>
#include <ctime>

namespace fake_verbs {

namespace {

constexpr int64_t kNsPerS = 1'000'000'000;
// Between the clocks of two devices: a multiple of the quantum.
constexpr int64_t kApartNs = 1'000 * kNsPerS;

int64_t read_clock(clockid_t id) {
  timespec time{};
  clock_gettime(id, &time);
  return time.tv_sec * kNsPerS + time.tv_nsec;
}

}  // namespace

int64_t now_ns() { return read_clock(CLOCK_MONOTONIC); }

int64_t round_up(int64_t time_ns) { return (time_ns + kQuantumNs - 1) / kQuantumNs * kQuantumNs; }

uint64_t clock_mask(const Settings &settings) {
  return settings.mask_bits == 64 ? ~uint64_t{0} : (uint64_t{1} << settings.mask_bits) - 1;
}

NicClock::NicClock(unsigned number)
    : start_ns_(round_up(now_ns()) - kQuantumNs),
      start_wall_ns_(start_ns_ + read_clock(CLOCK_REALTIME) - now_ns()),
      offset_ns_((number + 1) * kApartNs) {}

uint64_t NicClock::ticks_at(const Settings &settings, int64_t time_ns) const {
  const int64_t elapsed = time_ns - start_ns_;
  const int64_t drift = std::llround(static_cast<double>(elapsed) * settings.drift_ppm / 1e6);
  // A jump may reach below zero: there the counter goes on from its end, as it does when it wraps.
  const __int128 scaled = static_cast<__int128>(elapsed + drift + offset_ns_) * settings.clock_hz;
  const __int128 ticks = scaled >= 0 ? scaled / kNsPerS : -((-scaled + kNsPerS - 1) / kNsPerS);
  return static_cast<uint64_t>(ticks) & clock_mask(settings);
}

uint64_t NicClock::wall_clock_at(const Settings &settings, int64_t time_ns) const {
  const int64_t elapsed = time_ns - start_ns_;
  const int64_t drift = std::llround(static_cast<double>(elapsed) * settings.drift_ppm / 1e6);
  return static_cast<uint64_t>(start_wall_ns_ + elapsed + drift + offset_ns_);
}

}  // namespace fake_verbs
