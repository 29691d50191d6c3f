#include "net/delay_line.h"

namespace weft {

namespace {

constexpr size_t kMaxHeld = 4096;

int64_t shifted(int64_t stamp_ns, int64_t by_ns) { return stamp_ns == 0 ? 0 : stamp_ns + by_ns; }

}  // namespace

DelayLine::DelayLine(const FaultConfig& faults)
    : network_ns_(faults.network_delay_ns), responder_ns_(faults.responder_delay_ns) {}

bool DelayLine::hold(Bytes bytes, const SocketAddress& from, const ReceiveControl& control, const ClockPair& now) {
  if (held_.size() == kMaxHeld) return false;
  Held held;
  held.bytes.assign(bytes.data, bytes.data + bytes.size);
  held.from = from;
  held.control = control;
  held.control.stamp.software_ns = shifted(control.stamp.software_ns, network_ns_);
  held.control.stamp.hardware_ns = shifted(control.stamp.hardware_ns, network_ns_);
  held.received_ns = now.realtime + network_ns_;
  held.due_ns = now.monotonic + network_ns_ + responder_ns_;
  held_.push_back(std::move(held));
  return true;
}

}  // namespace weft
