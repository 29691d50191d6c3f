#include "rdma/completion_clock.h"

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "check.h"
#include "random.h"

namespace weft::test {

namespace {

constexpr uint64_t kMask48 = (uint64_t{1} << 48) - 1;
constexpr uint64_t kMask32 = (uint64_t{1} << 32) - 1;
constexpr int64_t kMaxNs = (int64_t{1} << 62) - 1;

int64_t floored(__int128 ticks, uint64_t khz) {
  const __int128 scaled = ticks * 1'000'000;
  const __int128 divisor = khz;
  return static_cast<int64_t>((scaled - ((scaled % divisor) + divisor) % divisor) / divisor);
}

}  // namespace

TEST(completion_clock_begins_at_zero) {
  CHECK_EQ(CompletionClock::ticks(kMask48, 1'000'000).ns(123'456'789), 0);
  CHECK_EQ(CompletionClock::nanoseconds().ns(1'700'000'000'000'000'000), 0);
}

// ConnectX-4: 156.25 MHz, 6.4 ns a tick.
TEST(completion_clock_converts_ticks) {
  CompletionClock clock = CompletionClock::ticks(kMask48, 156'250);
  clock.ns(1'000);
  CHECK_EQ(clock.ns(1'001), 6);
  CHECK_EQ(clock.ns(1'005), 32);
  CHECK_EQ(clock.ns(1'000), 0);
  CHECK_EQ(clock.ns(999), -7);  // -6.4, rounded down
  CHECK_EQ(clock.ns(1'000 + 156'250'000), kNsPerS);
}

TEST(completion_clock_passes_nanoseconds_through) {
  constexpr uint64_t kUtc = 1'700'000'000'000'000'000;
  CompletionClock clock = CompletionClock::nanoseconds();
  clock.ns(kUtc);
  CHECK_EQ(clock.ns(kUtc + 1), 1);
  CHECK_EQ(clock.ns(kUtc - 12'345), -12'345);
  CHECK_EQ(clock.ns(kUtc + 3'600 * kNsPerS), 3'600 * kNsPerS);
  CHECK(clock.half_turn_ns() == kMaxNs);
}

TEST(completion_clock_wraps) {
  CompletionClock clock = CompletionClock::ticks(kMask32, 1'000'000);
  clock.ns(kMask32 - 9);
  CHECK_EQ(clock.ns(kMask32), 9);
  CHECK_EQ(clock.ns(0), 10);
  CHECK_EQ(clock.ns(kMask32 - 4), 5);  // out of order across the wrap
  CHECK_EQ(clock.ns(90), 100);
  // Bits above the mask are none of the clock's.
  CHECK_EQ(clock.ns(0xdead'beef'0000'0064), 110);
}

// The rule: up to half a turn before the last stamp is earlier, anything else
// is later.
TEST(completion_clock_at_half_a_turn) {
  constexpr uint64_t kHalf = uint64_t{1} << 31;
  CompletionClock clock = CompletionClock::ticks(kMask32, 1'000'000);
  clock.ns(0);
  CHECK_EQ(clock.ns(kHalf), -static_cast<int64_t>(kHalf));
  CHECK_EQ(clock.ns(0), -static_cast<int64_t>(2 * kHalf));
  CHECK_EQ(clock.ns(kHalf - 1), -static_cast<int64_t>(kHalf + 1));
  CHECK_EQ(clock.half_turn_ns(), kHalf);
  CHECK_EQ(CompletionClock::ticks(kMask48, 156'250).half_turn_ns(), 900'719'925'474'099);  // ten days
  CHECK_EQ(CompletionClock::ticks(1, 1'000).half_turn_ns(), 1'000);
}

// Against exact arithmetic over the true time: many turns, completions out of
// order, frequencies that divide nothing.
TEST(completion_clock_agrees_with_exact_arithmetic) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    const int bits = static_cast<int>(8 + random.below(57));
    const uint64_t mask = bits == 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1;
    const uint64_t khz = 1 + random.below(5'000'000);
    const uint64_t step = std::min<uint64_t>(mask / 4, uint64_t{1} << 40);
    const uint64_t zero = random.next();
    CompletionClock clock = CompletionClock::ticks(mask, khz);
    clock.ns(zero & mask);
    __int128 now = 0;
    for (int i = 0; i < 500; ++i) {
      now += random.below(step + 1);
      const __int128 stamp = random.one_in(3) ? now - random.below(step + 1) : now;
      const int64_t ns = clock.ns((zero + static_cast<uint64_t>(stamp)) & mask);
      CHECK_EQ(ns, std::clamp<__int128>(floored(stamp, khz), -kMaxNs, kMaxNs));
    }
  }
}

// A third of a nanosecond lost in each step would be a second in the end.
TEST(completion_clock_does_not_drift) {
  constexpr uint64_t kKhz = 3'000'000;
  constexpr uint64_t kSteps = 3'000'000;
  CompletionClock clock = CompletionClock::ticks(0xffff, kKhz);
  clock.ns(0);
  int64_t ns = 0;
  for (uint64_t i = 1; i <= kSteps; ++i) ns = clock.ns(i * 1'000 & 0xffff);
  CHECK_EQ(ns, kNsPerS);
}

// A jump spoils the durations across it, and those alone.
TEST(completion_clock_after_a_jump) {
  for (const int64_t jump : {int64_t{-37'000'000'000}, int64_t{-1}, kNsPerS, int64_t{1} << 60}) {
    CompletionClock clock = CompletionClock::nanoseconds();
    constexpr uint64_t kUtc = 1'700'000'000'000'000'000;
    const int64_t before = clock.ns(kUtc);
    const uint64_t after = kUtc + static_cast<uint64_t>(jump);
    const int64_t across = clock.ns(after + 1'000);
    CHECK_EQ(across - before, jump + 1'000);
    CHECK_EQ(clock.ns(after + 3'500) - across, 2'500);
  }
}

// Any two readings can be subtracted.
TEST(completion_clock_saturates) {
  CompletionClock up = CompletionClock::ticks(UINT64_MAX, 1);
  CompletionClock down = up;
  up.ns(0);
  down.ns(0);
  constexpr uint64_t kFar = uint64_t{1} << 62;
  CHECK(up.ns(kFar) == kMaxNs && up.ns(2 * kFar - 1) == kMaxNs);
  CHECK(down.ns(0 - kFar) == -kMaxNs);
  CHECK(kMaxNs - down.ns(0 - kFar) > 0);  // UBSan: no overflow
  CHECK(down.ns(0) == 0);
  CHECK(up.half_turn_ns() == kMaxNs);
}

}  // namespace weft::test
