// Which target is due when. A target's phase is spread over its interval, its schedule never drifts, and what was missed
// while the process stood still is skipped and counted, not sent in a burst. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/target_table.h"
#include "base/socket_address.h"
#include "base/timer_wheel.h"

namespace weft {

struct ProbeTarget {
  uint32_t id = 0;
  SocketAddress address;
  bool valid_address = false;
  int64_t interval_ns = 0;
  int64_t timeout_ns = 0;
  uint16_t paths = 1;
  uint16_t first_path = 0;
  uint16_t payload_bytes = 0;
  uint8_t dscp = 0;
  uint8_t ttl = 255;
  bool plain = false;
  // TCP: what is sent once connected; a probe under way keeps it when the target changes. Null: no HTTP.
  std::shared_ptr<const std::vector<uint8_t>> request;
  uint16_t expected_status = 0;
  // RDMA: where `address` is the GID.
  uint32_t qpn = 0;
  uint16_t lid = 0;

  int64_t next_due_ns = 0;  // monotonic
  uint64_t probes = 0;      // sent or tried so far; gives path and sequence number
  uint32_t first_sequence = 0;
  uint16_t ssid = 0;
  // The last answered probe, which the next answer's Follow-Up Telemetry speaks of.
  uint32_t answered_slot = UINT32_MAX;
  uint32_t answered_generation = 0;

  uint16_t path() const { return static_cast<uint16_t>((first_path + probes % paths) % kPathIds); }
  // Each path is a STAMP session of its own, and a session's numbers have no gaps.
  uint32_t sequence() const { return first_sequence + static_cast<uint32_t>(probes / paths); }
};

class ProbeSchedule {
 public:
  explicit ProbeSchedule(int64_t now_ns);

  void replace(const TargetTable& table, int64_t now_ns);
  // Appends the slots of the targets that are due, and sets their next time.
  void take_due(int64_t now_ns, std::vector<uint32_t>& due);

  ProbeTarget& operator[](uint32_t slot) { return targets_[slot]; }
  // Whether the slot still is that target's.
  bool has(uint32_t slot, uint32_t id) const {
    const auto found = by_id_.find(id);
    return found != by_id_.end() && found->second == slot;
  }
  int64_t next_due_ns() const { return wheel_.next_deadline(); }
  double probes_per_second() const { return rate_; }
  size_t size() const { return by_id_.size(); }
  // Probes that were due while nobody pumped.
  uint64_t skipped() const { return skipped_; }

 private:
  uint32_t take_slot();
  void start(ProbeTarget& target, const TargetEntry& entry, int64_t now_ns);
  void adapt(ProbeTarget& target, const TargetEntry& entry, int64_t now_ns);
  static void update(ProbeTarget& target, const TargetEntry& entry, const std::vector<uint8_t>& requests);

  std::vector<ProbeTarget> targets_;
  std::vector<uint32_t> free_;
  std::unordered_map<uint32_t, uint32_t> by_id_;
  TimerWheel wheel_;
  double rate_ = 0;
  double next_phase_ = 0;
  uint64_t skipped_ = 0;
};

}  // namespace weft
