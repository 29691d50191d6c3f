#include "base/timer_wheel.h"

#include <algorithm>

namespace weft {

namespace {
constexpr uint32_t kWordBits = 64;
}

TimerWheel::TimerWheel(int64_t now_ns)
    : heads_(kBuckets, kNone), occupied_(kBuckets / kWordBits, 0), current_tick_(tick_of(now_ns)) {}

void TimerWheel::grow(uint32_t count) {
  if (count > links_.size()) links_.resize(count);
}

// A deadline in the past goes where the next look will find it.
uint32_t TimerWheel::bucket_of(int64_t deadline_ns) const {
  return static_cast<uint32_t>(std::max(tick_of(deadline_ns), current_tick_) % kBuckets);
}

void TimerWheel::schedule(uint32_t item, int64_t deadline_ns) {
  cancel(item);
  Link& link = links_[item];
  const uint32_t bucket = bucket_of(deadline_ns);
  link = {std::max(deadline_ns, current_tick_ << kTickShift), heads_[bucket], kNone, true};
  if (link.next != kNone) links_[link.next].previous = item;
  heads_[bucket] = item;
  occupied_[bucket / kWordBits] |= uint64_t{1} << bucket % kWordBits;
  ++count_;
}

void TimerWheel::cancel(uint32_t item) {
  Link& link = links_[item];
  if (!link.linked) return;
  const uint32_t bucket = static_cast<uint32_t>(tick_of(link.deadline_ns) % kBuckets);
  if (link.next != kNone) links_[link.next].previous = link.previous;
  if (link.previous != kNone) {
    links_[link.previous].next = link.next;
  } else {
    heads_[bucket] = link.next;
    if (link.next == kNone) occupied_[bucket / kWordBits] &= ~(uint64_t{1} << bucket % kWordBits);
  }
  link.linked = false;
  --count_;
}

void TimerWheel::expire(int64_t now_ns, std::vector<uint32_t>& due) {
  const int64_t now_tick = tick_of(now_ns);
  const int64_t first = std::max(current_tick_, now_tick - static_cast<int64_t>(kBuckets) + 1);
  for (int64_t tick = first; tick <= now_tick; ++tick) {
    uint32_t item = heads_[tick % kBuckets];
    while (item != kNone) {
      const uint32_t next = links_[item].next;
      if (links_[item].deadline_ns <= now_ns) {
        cancel(item);
        due.push_back(item);
      }
      item = next;
    }
  }
  current_tick_ = std::max(current_tick_, now_tick);
}

int64_t TimerWheel::earliest_in(uint32_t bucket, int64_t before_tick) const {
  int64_t earliest = kNever;
  for (uint32_t item = heads_[bucket]; item != kNone; item = links_[item].next) {
    if (tick_of(links_[item].deadline_ns) < before_tick) earliest = std::min(earliest, links_[item].deadline_ns);
  }
  return earliest;
}

// Walks one round of buckets by the occupancy bits; the first with a timer of this round holds the earliest. Timers
// beyond the round are few (intervals over two seconds): then all are looked at.
int64_t TimerWheel::next_deadline() const {
  if (count_ == 0) return kNever;
  for (uint32_t step = 0; step < kBuckets;) {
    const uint32_t bucket = static_cast<uint32_t>((current_tick_ + step) % kBuckets);
    const uint64_t word = occupied_[bucket / kWordBits] >> bucket % kWordBits;
    if (word == 0) {
      step += kWordBits - bucket % kWordBits;
      continue;
    }
    step += static_cast<uint32_t>(__builtin_ctzll(word));
    if (step >= kBuckets) break;
    const int64_t tick = current_tick_ + step;
    const int64_t earliest = earliest_in(static_cast<uint32_t>(tick % kBuckets), tick + 1);
    if (earliest != kNever) return earliest;
    ++step;
  }
  int64_t earliest = kNever;
  for (const Link& link : links_) {
    if (link.linked) earliest = std::min(earliest, link.deadline_ns);
  }
  return earliest;
}

}  // namespace weft
