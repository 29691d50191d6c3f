#include "net/udp_reflector.h"

#include <poll.h>

#include <algorithm>
#include <cstring>

#include "base/clock.h"

namespace weft {

namespace {

constexpr size_t kMaxProbeBytes = 9216;  // jumbo frames; larger ones are refused
constexpr size_t kStampBytes = 64;       // an error queue entry without payload
constexpr uint32_t kAwaited = 2048;
constexpr uint32_t kStampIdPlaces = 8192;
constexpr uint32_t kNone = UINT32_MAX;
constexpr uint8_t kDscpMask = 0xfc;  // ECN is the network's to set

}  // namespace

Result<std::shared_ptr<UdpReflector>> UdpReflector::create(UdpReflectorConfig config) {
  auto wakeup = Wakeup::create();
  if (!wakeup.ok()) return wakeup.error();
  auto socket = UdpSocket::open(config.listen.address, config.stamps);
  if (!socket.ok()) return socket.error();
  if (config.faults.loss > 0) {
    const Status faulty = lose_datagrams(socket.value().fd(), config.faults.loss);
    if (!faulty.ok()) return faulty.error();
  }
  return std::shared_ptr<UdpReflector>(
      new UdpReflector(std::move(wakeup.value()), std::move(socket.value()), std::move(config)));
}

UdpReflector::UdpReflector(Wakeup wakeup, UdpSocket socket, UdpReflectorConfig config)
    : Engine(std::move(wakeup)),
      socket_(std::move(socket)),
      allowed_(std::move(config.listen.allowed)),
      limiter_(config.listen.rate_limit),
      probes_(kMaxProbeBytes),
      errors_(kStampBytes),
      answers_(kMaxProbeBytes),
      follow_ups_(stamp::kMaxFollowUpBytes),
      awaited_(kAwaited),
      delayed_(config.faults),
      by_stamp_id_(kStampIdPlaces, kNone) {
  if (!config.key.empty()) key_.emplace(Bytes{config.key.data(), config.key.size()});
}

void UdpReflector::pump(int max_ms, Slice& slice) {
  const int64_t deadline_ns = monotonic_ns() + max_ms * kNsPerMs;
  while (!closed()) {
    const int64_t now_ns = monotonic_ns();
    if (now_ns >= deadline_ns) break;
    const int64_t left_ns = std::max<int64_t>(std::min(deadline_ns, delayed_.next_due_ns()) - now_ns, 0);
    pollfd polled[] = {{socket_.fd(), POLLIN, 0}, {wakeup().fd(), POLLIN, 0}};
    const timespec timeout{left_ns / kNsPerS, left_ns % kNsPerS};
    if (ppoll(polled, 2, &timeout, nullptr) <= 0 && monotonic_ns() < delayed_.next_due_ns()) continue;
    if (polled[1].revents != 0) {
      wakeup().drain();
      break;
    }
    while (!closed() && answer_pending() && monotonic_ns() < deadline_ns) {
    }
  }
  slice.closed = closed();
  slice.settled_us = static_cast<double>(realtime_ns() / kNsPerUs);
}

// One round: probes in, answers out, stamps in, follow-ups out. False when there was nothing.
bool UdpReflector::answer_pending() {
  const size_t count = probes_.receive(socket_.fd());
  const ClockPair now = read_clocks();
  for (size_t i = 0; i < count; ++i) take(probes_.at(i), now);
  const size_t released = answer_held(now.monotonic);
  flush_answers();
  const bool stamped = take_tx_stamps();
  return count + released > 0 || stamped;
}

void UdpReflector::take(const IncomingDatagram& probe, const ClockPair& now) {
  received_.add();
  const ReceiveControl control = parse_receive_control(*probe.message);
  if (control.has_drop_count) socket_drops_.set(control.drop_count);
  if (!admit(probe, now.monotonic)) return;
  if (!delayed_.delays()) return answer({probe.bytes, *probe.from, control, now.realtime});
  if (!delayed_.hold(probe.bytes, *probe.from, control, now)) refused_over_limit_.add();
}

// Those of the delay line whose time has come, a batch at most; how many.
size_t UdpReflector::answer_held(int64_t monotonic_ns) {
  size_t count = 0;
  for (; !answers_.full() && delayed_.next_due_ns() <= monotonic_ns; ++count) {
    const DelayLine::Held& held = delayed_.front();
    answer({{held.bytes.data(), held.bytes.size()}, held.from, held.control, held.received_ns});
    delayed_.pop();
  }
  return count;
}

void UdpReflector::answer(const Arrival& probe) {
  const ReceiveControl& control = probe.control;
  const Stamp& t3 = control.stamp;
  stamp::ReflectionInput input;
  input.packet = probe.bytes;
  input.t3_ns = t3.software_ns != 0 ? t3.software_ns : probe.received_ns;
  input.t4_ns = realtime_ns();
  input.ttl = control.ttl;
  input.exact_t4 = t3.any() && socket_.stamped();
  input.key = key();
  OutgoingDatagram& datagram = answers_.add(probe.from);
  const stamp::Reflection reflection = stamp::reflect(input, datagram.head.data);
  if (reflection.refusal != stamp::Refusal::kNone) {
    answers_.drop_last();
    refuse(reflection.refusal);
    return;
  }
  if (reflection.wants_telemetry) {
    const uint16_t ssid = stamp::decode_sender(probe.bytes, key() != nullptr)->ssid;
    stamp::put_telemetry(reflection, telemetry_.find(probe.from, ssid), datagram.head.data);
  }
  stamp::finish(reflection, key(), datagram.head.data);
  datagram.size = reflection.size;
  address(datagram, control.local, control.traffic_class);
  datagram.cookie = kNone;
  if (socket_.stamped() && (reflection.wants_follow_up || reflection.wants_telemetry)) {
    SendBatch::request_stamp(datagram, socket_.stamp_ids());
    datagram.cookie = await_stamp(reflection, datagram, control);
  }
}

// Who may be answered at all, before a byte of the packet is looked at.
bool UdpReflector::admit(const IncomingDatagram& probe, int64_t monotonic_ns) {
  const AddressBytes source = probe.from->address();
  if (!allowed_.allows(source)) {
    refused_not_allowed_.add();
    return false;
  }
  // An answer looks like a probe: two reflectors that were introduced by a forged packet would never stop.
  if (probe.from->port() == socket_.port() || probe.from->port() == stamp::kDefaultPort) {
    refused_loop_.add();
    return false;
  }
  if (!limiter_.allow(source, monotonic_ns)) {
    refused_over_limit_.add();
    return false;
  }
  if (probe.truncated) {
    refused_oversized_.add();
    return false;
  }
  return true;
}

void UdpReflector::refuse(stamp::Refusal refusal) {
  switch (refusal) {
    case stamp::Refusal::kShort:
      return refused_short_.add();
    case stamp::Refusal::kMalformed:
      return refused_malformed_.add();
    case stamp::Refusal::kUnauthenticated:
      return refused_unauthenticated_.add();
    case stamp::Refusal::kNone:
      return;
  }
}

uint32_t UdpReflector::await_stamp(const stamp::Reflection& reflection, const OutgoingDatagram& answer,
                                   const ReceiveControl& control) {
  const uint32_t place = next_awaited_++ % kAwaited;
  Awaited& awaited = awaited_[place];
  if (awaited.used) stamps_missed_.add();
  awaited.used = true;
  awaited.wants_follow_up = reflection.wants_follow_up;
  awaited.wants_telemetry = reflection.wants_telemetry && !reflection.wants_follow_up;
  awaited.peer = answer.to;
  awaited.local = control.local;
  awaited.traffic_class = control.traffic_class;
  awaited.t3 = control.stamp;
  std::memcpy(awaited.base.data(), answer.head.data, stamp::base_bytes(key() != nullptr));
  return place;
}

void UdpReflector::address(OutgoingDatagram& datagram, const LocalAddress& local, uint8_t traffic_class) const {
  datagram.control.set_source(local);
  if ((traffic_class & kDscpMask) != 0) {
    datagram.control.set_traffic_class(socket_.family(), traffic_class & kDscpMask);
  }
}

void UdpReflector::flush_answers() {
  if (answers_.empty()) return;
  answers_.flush(
      socket_.fd(), socket_.stamp_ids(),
      [this](const OutgoingDatagram& datagram) {
        answered_.add();
        if (datagram.cookie == kNone) return;
        awaited_[datagram.cookie].stamp_id = datagram.stamp_id;
        by_stamp_id_[datagram.stamp_id % kStampIdPlaces] = datagram.cookie;
      },
      [this](const OutgoingDatagram& datagram, int) {
        send_errors_.add();
        if (datagram.cookie != kNone) awaited_[datagram.cookie].used = false;
      });
}

bool UdpReflector::take_tx_stamps() {
  if (!socket_.stamped()) return false;
  const size_t count = errors_.receive(socket_.fd(), MSG_ERRQUEUE);
  for (size_t i = 0; i < count; ++i) {
    const TxStamp tx = parse_tx_stamp(*errors_.at(i).message);
    if (!tx.valid) continue;
    const uint32_t place = by_stamp_id_[tx.id % kStampIdPlaces];
    if (place == kNone || !awaited_[place].used || awaited_[place].stamp_id != tx.id) continue;
    follow_up(awaited_[place], tx.stamp);
  }
  if (!follow_ups_.empty()) {
    follow_ups_.flush(
        socket_.fd(), socket_.stamp_ids(), [this](const OutgoingDatagram&) { follow_ups_sent_.add(); },
        [this](const OutgoingDatagram&, int) { send_errors_.add(); });
  }
  return count > 0;
}

void UdpReflector::follow_up(Awaited& answer, const Stamp& t4) {
  answer.used = false;
  const StampPair exact = pair_stamps(answer.t3, t4);
  if (exact.clock == StampClock::kUser) return;
  if (answer.wants_follow_up) {
    OutgoingDatagram& datagram = follow_ups_.add(answer.peer);
    const stamp::ExactTimes times{exact.first_ns, exact.second_ns, exact.clock == StampClock::kHardware};
    datagram.size = stamp::make_follow_up(answer.base.data(), times, key(), datagram.head.data);
    address(datagram, answer.local, answer.traffic_class);
  } else if (answer.wants_telemetry && t4.software_ns != 0) {
    // The T3 in the answer was the kernel's, so only the kernel's T4 belongs to it.
    const auto base = *stamp::decode_reflector({answer.base.data(), answer.base.size()}, key() != nullptr);
    telemetry_.remember(answer.peer, base.ssid, {base.sequence, t4.software_ns});
  }
}

Stats UdpReflector::stats() const {
  return {
      {"received", received_.get()},
      {"answered", answered_.get()},
      {"follow_ups_sent", follow_ups_sent_.get()},
      {"send_errors", send_errors_.get()},
      {"tx_stamps_missed", stamps_missed_.get()},
      {"socket_drops", socket_drops_.get()},
      {"refused_short", refused_short_.get()},
      {"refused_oversized", refused_oversized_.get()},
      {"refused_malformed", refused_malformed_.get()},
      {"refused_unauthenticated", refused_unauthenticated_.get()},
      {"refused_over_limit", refused_over_limit_.get()},
      {"refused_not_allowed", refused_not_allowed_.get()},
      {"refused_loop", refused_loop_.get()},
  };
}

}  // namespace weft
