// The RDMA probes under way: found by the counter in their sequence number, in the order they were sent, and kept for a
// while after their end so that late and second answers are known as such. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "base/record.h"
#include "base/sent_order.h"
#include "rdma/address_handles.h"
#include "rdma/delay.h"

namespace weft {

struct UdProbe {
  enum class State : uint8_t { kFree, kOutstanding, kSucceeded, kTimedOut, kFailed };

  uint32_t counter = 0;
  State state = State::kFree;
  uint32_t target_id = 0;
  uint16_t path = 0;
  uint32_t sequence = 0;
  int64_t sent_utc_ns = 0;
  PeerAddress peer;
  uint32_t peer_qpn = 0;
  uint8_t hop_limit = 0;  // that ACK1 arrived with
  bool answered = false;  // ACK1 came
  bool told = false;      // T3 and T4 came
  bool late = false;      // a late answer was already counted
  RdmaStamps stamps;

  Record record(ProbeResult result, int error = 0) const;
};

class ProbeTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint32_t kMaxProbes = 1 << 18;

  ProbeTable();

  // A free slot with the next counter; kNone when the table is full.
  uint32_t insert();
  uint32_t find(uint32_t counter) const;
  void erase(uint32_t slot);

  UdProbe& operator[](uint32_t slot) { return slots_[slot]; }
  const UdProbe& operator[](uint32_t slot) const { return slots_[slot]; }
  uint32_t capacity() const { return static_cast<uint32_t>(slots_.size()); }
  uint32_t used() const { return capacity() - static_cast<uint32_t>(free_.size()); }

  // To be told when a probe has left: `oldest_sent_ns` is the UTC of the first still outstanding, or `now_ns`.
  void sent(uint32_t slot);
  int64_t oldest_sent_ns(int64_t now_ns);

 private:
  bool grow();

  std::vector<UdProbe> slots_;
  std::vector<uint32_t> free_;
  // Slots by the low bits of their counter: twice as long as `slots_`, so that few meet one that is still taken.
  std::vector<uint32_t> ring_;
  SentOrder order_;
  uint32_t next_counter_ = 0;
};

}  // namespace weft
