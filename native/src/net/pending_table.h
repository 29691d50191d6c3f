// The probes under way: found by what comes back (peer, socket, sequence number), in the order they were sent, and kept
// for a while after their end so that late and second answers are known as such. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/sent_order.h"
#include "base/socket_address.h"
#include "net/timestamping.h"

namespace weft {

enum class PendingState : uint8_t { kFree, kOutstanding, kSucceeded, kTimedOut };

struct Pending {
  SocketAddress peer;
  uint32_t sequence = 0;
  uint32_t socket = 0;
  uint16_t ssid = 0;
  uint16_t path = 0;
  uint32_t target_id = 0;
  uint32_t target_slot = 0;
  uint32_t stamp_id = 0;
  PendingState state = PendingState::kFree;

  ClockPair sent;  // T1 on both clocks
  int64_t timeout_ns = 0;
  Stamp t2;

  bool answered = false;
  bool late = false;             // a late answer was already counted
  bool exact_t4_awaited = false;
  bool exact_t4 = false;         // t3, t4 come from a follow-up or TLV 7
  StampClock reflector_clock = StampClock::kUser;
  uint8_t answer_ttl = 0;
  bool telemetry = false;  // t4 came by TLV 7 of a later answer
  uint32_t reflector_sequence = 0;
  ClockPair seen;  // T6 on both clocks
  Stamp t5;
  int64_t t3_ns = 0;
  int64_t t4_ns = 0;

  uint32_t next_in_bucket = UINT32_MAX;
  uint32_t generation = 0;
};

class PendingTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint32_t kMaxPending = 1 << 18;

  PendingTable();

  // A free slot that is found by (peer, socket, sequence) from now on; kNone when the table is full or a probe with
  // that very key is still known.
  uint32_t insert(const SocketAddress& peer, uint32_t socket, uint32_t sequence);
  uint32_t find(const SocketAddress& peer, uint32_t socket, uint32_t sequence) const;
  void erase(uint32_t slot);

  Pending& operator[](uint32_t slot) { return slots_[slot]; }
  uint32_t capacity() const { return static_cast<uint32_t>(slots_.size()); }
  uint32_t used() const { return used_; }

  // Slots in the order they were sent; `oldest_sent_ns` is the realtime T1 of the first still outstanding, or `now`.
  void sent(uint32_t slot);
  int64_t oldest_sent_ns(int64_t now_ns);

 private:
  size_t bucket_of(const SocketAddress& peer, uint32_t socket, uint32_t sequence) const;
  bool grow();

  std::vector<Pending> slots_;
  std::vector<uint32_t> free_;
  std::vector<uint32_t> buckets_;
  SentOrder order_;
  uint32_t used_ = 0;
};

}  // namespace weft
