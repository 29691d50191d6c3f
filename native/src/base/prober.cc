#include "base/prober.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/clock.h"

namespace weft {

namespace {

// In the order of ProbeResult; what comes after the end of a probe is not every transport's.
constexpr const char* kEndNames[] = {"success", "timeout", "send_error", "invalid"};

}  // namespace

Prober::Prober(Wakeup wakeup) : Engine(std::move(wakeup)), schedule_(monotonic_ns()), expiry_(monotonic_ns()) {}

void Prober::set_targets(TargetTable table) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    new_targets_ = std::move(table);
  }
  wake();
}

void Prober::apply_new_targets() {
  std::optional<TargetTable> table;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    table.swap(new_targets_);
  }
  if (!table) return;
  schedule_.replace(*table, monotonic_ns());
  targets_gauge_.set(schedule_.size());
}

void Prober::pump(int max_ms, Slice& slice) {
  slice_ = &slice;
  const int64_t deadline_ns = monotonic_ns() + max_ms * kNsPerMs;
  apply_new_targets();
  while (!closed()) {
    receive();
    const int64_t now_ns = monotonic_ns();
    expire(now_ns);
    due_.clear();
    schedule_.take_due(now_ns, due_);
    if (!due_.empty()) send(due_);
    if (now_ns >= deadline_ns || slice.full()) break;
    if (wait(deadline_ns)) break;
  }
  slice.closed = closed();
  slice.settled_us = static_cast<double>(oldest_sent_ns(realtime_ns()) / kNsPerUs);
  outstanding_gauge_.set(outstanding_);
  skipped_.set(schedule_.skipped());
  slice_ = nullptr;
}

int64_t Prober::next_deadline_ns(int64_t deadline_ns) const {
  const int64_t due_ns = std::min(deadline_ns, schedule_.next_due_ns());
  // Timers of probes that have ended only clear tables: they can wait for any other wake-up.
  return outstanding_ > 0 ? std::min(due_ns, expiry_.next_deadline()) : due_ns;
}

void Prober::emit(const Record& record) {
  results_[static_cast<size_t>(record.result)].add();
  slice_->records.push_back(record);
}

Stats Prober::stats() const {
  Stats stats{{"targets", targets_gauge_.get()}, {"outstanding", outstanding_gauge_.get()}, {"sent", sent_.get()}};
  for (size_t i = 0; i < std::size(kEndNames); ++i) stats.emplace_back(kEndNames[i], results_[i].get());
  stats.emplace_back("skipped", skipped_.get());
  stats.emplace_back("shed", shed_.get());
  add_stats(stats);
  return stats;
}

}  // namespace weft
