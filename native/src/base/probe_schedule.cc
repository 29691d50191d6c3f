#include "base/probe_schedule.h"

#include <sys/random.h>

#include <algorithm>
#include <cmath>

#include "base/clock.h"

namespace weft {

namespace {

// Steps of the golden ratio fill an interval evenly however many targets come, and whenever they come.
constexpr double kGoldenStep = 0.6180339887498949;

uint32_t random_u32() {
  uint32_t value = 0;
  if (getrandom(&value, sizeof value, 0) != sizeof value) value = static_cast<uint32_t>(monotonic_ns());
  return value;
}

int64_t interval_of(const TargetEntry& entry) {
  // Twelve days: none is longer, and it does not overflow in ns.
  constexpr uint64_t kLongestUs = uint64_t{1} << 40;
  return static_cast<int64_t>(std::clamp<uint64_t>(entry.interval_us, 1, kLongestUs)) * kNsPerUs;
}

uint16_t paths_of(const TargetEntry& entry) { return std::max<uint16_t>(entry.paths, 1); }

}  // namespace

ProbeSchedule::ProbeSchedule(int64_t now_ns) : wheel_(now_ns) {}

void ProbeSchedule::replace(const TargetTable& table, int64_t now_ns) {
  std::unordered_map<uint32_t, uint32_t> listed;
  listed.reserve(table.entries.size());
  // A table that grows as it likes has room for twice as many.
  targets_.reserve(table.entries.size());
  wheel_.grow(static_cast<uint32_t>(table.entries.size()));
  rate_ = 0;
  for (const TargetEntry& entry : table.entries) {
    if (listed.count(entry.id) != 0) continue;  // the first of equal ids counts
    const auto found = by_id_.find(entry.id);
    const bool known = found != by_id_.end();
    const uint32_t slot = known ? found->second : take_slot();
    if (known) {
      by_id_.erase(found);
      adapt(targets_[slot], entry, now_ns);
    } else {
      start(targets_[slot], entry, now_ns);
    }
    update(targets_[slot], entry, table.requests);
    wheel_.schedule(slot, targets_[slot].next_due_ns);
    listed.emplace(entry.id, slot);
    rate_ += kNsPerS / static_cast<double>(interval_of(entry));
  }
  for (const auto& [id, slot] : by_id_) {
    wheel_.cancel(slot);
    free_.push_back(slot);
  }
  by_id_ = std::move(listed);
}

uint32_t ProbeSchedule::take_slot() {
  if (free_.empty()) {
    targets_.emplace_back();
    wheel_.grow(static_cast<uint32_t>(targets_.size()));
    return static_cast<uint32_t>(targets_.size() - 1);
  }
  const uint32_t slot = free_.back();
  free_.pop_back();
  return slot;
}

void ProbeSchedule::start(ProbeTarget& target, const TargetEntry& entry, int64_t now_ns) {
  target = ProbeTarget{};
  target.id = entry.id;
  target.first_sequence = random_u32();
  target.ssid = static_cast<uint16_t>(1 + random_u32() % UINT16_MAX);  // 0 means "no SSID"
  next_phase_ = std::fmod(next_phase_ + kGoldenStep, 1.0);
  target.next_due_ns = now_ns + static_cast<int64_t>(next_phase_ * static_cast<double>(interval_of(entry)));
}

void ProbeSchedule::adapt(ProbeTarget& target, const TargetEntry& entry, int64_t now_ns) {
  // What is left of the interval grows or shrinks with it: when all intervals change, phases stay spread.
  if (interval_of(entry) != target.interval_ns) {
    const double left = static_cast<double>(target.next_due_ns - now_ns) / static_cast<double>(target.interval_ns);
    target.next_due_ns = now_ns + static_cast<int64_t>(left * static_cast<double>(interval_of(entry)));
  }
  // Sequence numbers go on behind the last of any path: none is sent twice.
  if (paths_of(entry) != target.paths || entry.first_path != target.first_path) {
    target.first_sequence = target.sequence() + 1;
    target.probes = 0;
  }
}

void ProbeSchedule::update(ProbeTarget& target, const TargetEntry& entry, const std::vector<uint8_t>& requests) {
  const auto address = SocketAddress::parse(entry.address, entry.port);
  target.valid_address = address.has_value();
  if (address) target.address = *address;
  target.interval_ns = interval_of(entry);
  target.timeout_ns = entry.timeout_us * kNsPerUs;
  target.paths = paths_of(entry);
  target.first_path = entry.first_path;
  target.payload_bytes = entry.payload_bytes;
  target.dscp = entry.dscp;
  target.ttl = entry.ttl;
  target.plain = (entry.flags & kTargetPlain) != 0;
  target.expected_status = entry.expected_status;
  target.qpn = entry.qpn;
  target.lid = entry.lid;
  target.request = nullptr;
  const size_t end = size_t{entry.request_offset} + entry.request_bytes;
  if (entry.request_bytes == 0 || end > requests.size()) return;
  target.request = std::make_shared<std::vector<uint8_t>>(requests.begin() + entry.request_offset,
                                                          requests.begin() + static_cast<std::ptrdiff_t>(end));
}

void ProbeSchedule::take_due(int64_t now_ns, std::vector<uint32_t>& due) {
  const size_t first = due.size();
  wheel_.expire(now_ns, due);
  for (size_t i = first; i < due.size(); ++i) {
    ProbeTarget& target = targets_[due[i]];
    target.next_due_ns += target.interval_ns;
    if (target.next_due_ns <= now_ns) {
      const int64_t missed = (now_ns - target.next_due_ns) / target.interval_ns + 1;
      skipped_ += static_cast<uint64_t>(missed);
      target.next_due_ns += missed * target.interval_ns;
    }
    wheel_.schedule(due[i], target.next_due_ns);
  }
}

}  // namespace weft
