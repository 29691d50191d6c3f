#include "base/rate_limiter.h"

#include "base/clock.h"
#include "check.h"

namespace weft::test {

namespace {

AddressBytes source(uint32_t n) {
  AddressBytes address{};
  std::memcpy(address.data() + 12, &n, sizeof n);
  return address;
}

int allowed(RateLimiter &limiter, const AddressBytes &from, int64_t now_ns, int tries) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += limiter.allow(from, now_ns);
  return count;
}

}  // namespace

TEST(rate_limiter_gives_a_burst_of_a_second_and_then_the_rate) {
  RateLimiter limiter(10);
  int64_t now = kNsPerS;
  CHECK_EQ(allowed(limiter, source(1), now, 100), 10);
  CHECK_EQ(allowed(limiter, source(1), now + 99 * kNsPerMs, 1), 0);
  CHECK_EQ(allowed(limiter, source(1), now + 101 * kNsPerMs, 2), 1);
  CHECK_EQ(allowed(limiter, source(1), now + 3'600 * kNsPerS, 100), 10);
}

TEST(rate_limiter_counts_what_is_refused_for_nothing) {
  RateLimiter limiter(100);
  int count = 0;
  // A thousand tries a second, refused or not, for ten seconds.
  for (int64_t i = 0; i < 10'000; ++i) count += limiter.allow(source(1), kNsPerS + i * kNsPerMs);
  CHECK(count >= 1'095 && count <= 1'101);
}

TEST(rate_limiter_keeps_sources_apart) {
  RateLimiter limiter(1);
  for (uint32_t n = 0; n < 1'000; ++n) CHECK_EQ(allowed(limiter, source(n), kNsPerS + n, 2), 1);
  CHECK_EQ(allowed(limiter, source(999), kNsPerS + 1'000, 1), 0);
}

TEST(rate_limiter_below_one_a_second) {
  RateLimiter limiter(0.1);
  CHECK_EQ(allowed(limiter, source(1), kNsPerS, 5), 1);
  CHECK_EQ(allowed(limiter, source(1), 10 * kNsPerS, 5), 0);
  CHECK_EQ(allowed(limiter, source(1), 11 * kNsPerS + 1, 5), 1);
}

TEST(rate_limiter_without_limit) {
  RateLimiter limiter(0);
  CHECK_EQ(allowed(limiter, source(1), 1, 10'000), 10'000);
}

// The table is of fixed size: under a flood of sources a busy one keeps its
// place, since the idlest goes first.
TEST(rate_limiter_survives_more_sources_than_it_has_room_for) {
  RateLimiter limiter(1);
  int64_t now = kNsPerS;
  int busy = 0;
  for (uint32_t n = 1; n < 200'000; ++n) {
    limiter.allow(source(n), ++now);
    if (n % 16 == 0) busy += limiter.allow(source(0), ++now);
  }
  CHECK(busy < 50);
}

}  // namespace weft::test
