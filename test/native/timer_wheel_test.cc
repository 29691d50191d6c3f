#include "base/timer_wheel.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/clock.h"
#include "check.h"
#include "random.h"

namespace weft::test {

namespace {

constexpr uint32_t kItems = 300;
constexpr int64_t kStart = 7'777 * kNsPerS + 12'345;

// What a timing wheel promises, without a wheel.
class NaiveTimers {
 public:
  void schedule(uint32_t item, int64_t deadline_ns) {
    cancel(item);
    deadlines_[item] = deadline_ns;
    order_.insert({deadline_ns, item});
  }

  void cancel(uint32_t item) {
    const auto found = deadlines_.find(item);
    if (found == deadlines_.end()) return;
    order_.erase({found->second, item});
    deadlines_.erase(found);
  }

  std::set<uint32_t> expire(int64_t now_ns) {
    std::set<uint32_t> due;
    while (!order_.empty() && order_.begin()->first <= now_ns) {
      due.insert(order_.begin()->second);
      cancel(order_.begin()->second);
    }
    return due;
  }

  int64_t next_deadline() const { return order_.empty() ? TimerWheel::kNever : order_.begin()->first; }

 private:
  std::map<uint32_t, int64_t> deadlines_;
  std::set<std::pair<int64_t, uint32_t>> order_;
};

// Mostly within the wheel's round of two seconds, sometimes far beyond,
// sometimes past.
int64_t some_delay(Random &random) {
  switch (random.below(8)) {
    case 0:
      return -static_cast<int64_t>(random.below(5 * kNsPerMs));
    case 1:
      return static_cast<int64_t>(random.below(60 * kNsPerS));
    case 2:
      return static_cast<int64_t>(random.below(kNsPerMs));
    default:
      return static_cast<int64_t>(random.below(2 * kNsPerS));
  }
}

int64_t some_step(Random &random) {
  if (random.one_in(200)) return static_cast<int64_t>(random.below(20 * kNsPerS));
  return static_cast<int64_t>(random.below(20 * kNsPerMs));
}

}  // namespace

TEST(timer_wheel_agrees_with_naive_timers) {
  Random random(4);
  TimerWheel wheel(kStart);
  NaiveTimers naive;
  wheel.grow(kItems);
  int64_t now = kStart;
  std::vector<uint32_t> due;
  for (int i = 0; i < 1'000'000; ++i) {
    const auto item = static_cast<uint32_t>(random.below(kItems));
    const uint64_t action = random.below(100);
    if (action < 60) {
      // The wheel calls what is past due now; the order among what is past is
      // not told apart.
      const int64_t deadline = now + some_delay(random);
      wheel.schedule(item, deadline);
      naive.schedule(item, deadline);
    } else if (action < 75) {
      wheel.cancel(item);
      naive.cancel(item);
    } else if (action < 90) {
      now += some_step(random);
      due.clear();
      wheel.expire(now, due);
      CHECK(due.size() == std::set<uint32_t>(due.begin(), due.end()).size());
      CHECK(std::set<uint32_t>(due.begin(), due.end()) == naive.expire(now));
    } else {
      const int64_t expected = naive.next_deadline();
      const int64_t actual = wheel.next_deadline();
      // Deadlines that were past when they were set may be told as any time
      // that is past.
      CHECK(actual == expected || (actual <= now && expected <= now));
    }
  }
}

TEST(timer_wheel_that_stood_still_for_rounds) {
  TimerWheel wheel(kStart);
  wheel.grow(100);
  for (uint32_t item = 0; item < 100; ++item) wheel.schedule(item, kStart + item * kNsPerS);
  std::vector<uint32_t> due;
  wheel.expire(kStart + 50 * kNsPerS, due);
  CHECK_EQ(due.size(), 51);
  CHECK_EQ(wheel.next_deadline(), kStart + 51 * kNsPerS);
  wheel.expire(kStart + 1'000 * kNsPerS, due);
  CHECK_EQ(due.size(), 100);
  CHECK_EQ(wheel.next_deadline(), TimerWheel::kNever);
}

TEST(timer_wheel_does_not_fire_early) {
  TimerWheel wheel(kStart);
  wheel.grow(1);
  wheel.schedule(0, kStart + 10);
  std::vector<uint32_t> due;
  wheel.expire(kStart + 9, due);
  CHECK(due.empty());
  wheel.expire(kStart + 10, due);
  CHECK_EQ(due.size(), 1);
}

TEST(timer_wheel_keeps_its_timers_when_it_grows) {
  TimerWheel wheel(kStart);
  wheel.grow(1);
  wheel.schedule(0, kStart + kNsPerMs);
  wheel.grow(5'000);
  wheel.schedule(4'999, kStart + kNsPerMs);
  wheel.cancel(17);
  std::vector<uint32_t> due;
  wheel.expire(kStart + kNsPerMs, due);
  std::sort(due.begin(), due.end());
  CHECK(due == (std::vector<uint32_t>{0, 4'999}));
}

}  // namespace weft::test
