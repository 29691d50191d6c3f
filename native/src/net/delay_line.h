// Probes that a reflector holds up on purpose (see fault.h), in the order they came. Bounded. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/socket_address.h"
#include "net/fault.h"
#include "net/timestamping.h"

namespace weft {

class DelayLine {
 public:
  struct Held {
    std::vector<uint8_t> bytes;
    SocketAddress from;
    // Its stamps are those of the far end of the line: what came later by the network's delay was received later.
    ReceiveControl control;
    int64_t received_ns = 0;  // UTC, as the program saw it; shifted likewise
    int64_t due_ns = 0;       // monotonic
  };

  explicit DelayLine(const FaultConfig& faults);

  // Whether there is any delay at all.
  bool delays() const { return network_ns_ + responder_ns_ > 0; }
  // False when the line is full: the probe is not held.
  bool hold(Bytes bytes, const SocketAddress& from, const ReceiveControl& control, const ClockPair& now);
  // Monotonic; INT64_MAX when nothing is held.
  int64_t next_due_ns() const { return held_.empty() ? INT64_MAX : held_.front().due_ns; }
  // The oldest. REQUIRES: something is held.
  const Held& front() const { return held_.front(); }
  void pop() { held_.pop_front(); }

 private:
  int64_t network_ns_;
  int64_t responder_ns_;
  std::deque<Held> held_;
};

}  // namespace weft
