#include "net/udp_prober.h"

#include <poll.h>

#include <algorithm>
#include <cstring>

#include "base/clock.h"
#include "net/probe_outcome.h"

namespace weft {

namespace {

constexpr double kBatchedRate = 500;  // probes a second
constexpr int64_t kBatchPeriodNs = kNsPerMs;
constexpr size_t kAnswerBytes = 512;  // base and TLVs; what is behind is padding
constexpr size_t kStampBytes = 64;
constexpr int64_t kMinLateNs = kNsPerS;  // how long after its timeout an answer is still known as late
constexpr uint32_t kNone = UINT32_MAX;
constexpr uint8_t kDefaultTtl = 255;
constexpr int kDscpShift = 2;

}  // namespace

Result<std::shared_ptr<UdpProber>> UdpProber::create(const UdpProberConfig& config) {
  auto wakeup = Wakeup::create();
  if (!wakeup.ok()) return wakeup.error();
  return std::shared_ptr<UdpProber>(new UdpProber(std::move(wakeup.value()), config));
}

UdpProber::UdpProber(Wakeup wakeup, const UdpProberConfig& config)
    : Prober(std::move(wakeup)),
      sockets_(config.source_ipv4, config.source_ipv6, config.stamps),
      probes_(stamp::kMaxProbeHeadBytes),
      answers_(kAnswerBytes),
      errors_(kStampBytes) {
  if (!config.key.empty()) key_.emplace(Bytes{config.key.data(), config.key.size()});
  expiry_.grow(pending_.capacity());
}

bool UdpProber::batched() const {
  return schedule_.probes_per_second() >= kBatchedRate &&
         std::all_of(sockets_.begin(), sockets_.end(), [](const PathSocket& path) { return path.expects_stamps(); });
}

bool UdpProber::wait(int64_t deadline_ns) {
  int64_t until_ns = next_deadline_ns(deadline_ns);
  const int64_t now_ns = monotonic_ns();
  const bool by_clock = batched();
  if (by_clock) until_ns = std::max(std::min(until_ns, deadline_ns), now_ns + kBatchPeriodNs);
  const int64_t wait_ns = std::max<int64_t>(until_ns - now_ns, 0);
  const timespec timeout{wait_ns / kNsPerS, wait_ns % kNsPerS};
  polled_.resize(1);
  polled_[0] = {wakeup().fd(), POLLIN, 0};
  if (!by_clock) {
    for (const PathSocket& path : sockets_) polled_.push_back({path.socket.fd(), POLLIN, 0});
  }
  if (ppoll(polled_.data(), polled_.size(), &timeout, nullptr) <= 0 || polled_[0].revents == 0) return false;
  wakeup().drain();
  return true;
}

void UdpProber::receive() {
  if (sockets_.size() == 0) return;
  polled_.clear();
  for (const PathSocket& path : sockets_) polled_.push_back({path.socket.fd(), POLLIN, 0});
  if (poll(polled_.data(), polled_.size(), 0) <= 0) return;
  for (uint32_t socket = 0; socket < sockets_.size(); ++socket) {
    if ((polled_[socket].revents & POLLERR) != 0) take_tx_stamps(socket);
    if ((polled_[socket].revents & POLLIN) != 0) take_answers(socket);
  }
}

void UdpProber::take_tx_stamps(uint32_t socket) {
  PathSocket& path = sockets_[socket];
  size_t count;
  do {
    count = errors_.receive(path.socket.fd(), MSG_ERRQUEUE);
    for (size_t i = 0; i < count; ++i) {
      const TxStamp tx = parse_tx_stamp(*errors_.at(i).message);
      if (!tx.valid) continue;
      const uint32_t slot = path.slot_of_stamp(tx.id);
      if (slot == kNone) continue;
      Pending& probe = pending_[slot];
      if (probe.state == PendingState::kFree || probe.socket != socket || probe.stamp_id != tx.id) continue;
      path.unstamped_in_row = 0;
      probe.t2 = tx.stamp;
      complete_if_ready(slot);
    }
  } while (count == kBatchDatagrams);
}

void UdpProber::take_answers(uint32_t socket) {
  size_t count;
  do {
    count = answers_.receive(sockets_[socket].socket.fd());
    const ClockPair seen = read_clocks();
    for (size_t i = 0; i < count; ++i) take_answer(socket, answers_.at(i), seen);
  } while (count == kBatchDatagrams && !slice_full());
}

void UdpProber::take_answer(uint32_t socket, const IncomingDatagram& datagram, const ClockPair& seen) {
  const ReceiveControl control = parse_receive_control(*datagram.message);
  if (control.has_drop_count) {
    PathSocket& path = sockets_[socket];
    socket_drops_.add(control.drop_count - path.drop_count);
    path.drop_count = control.drop_count;
  }
  stamp::ProbeAnswer answer;
  switch (stamp::decode_answer(datagram.bytes, key(), answer)) {
    case stamp::AnswerError::kShort:
      return malformed_.add();
    case stamp::AnswerError::kUnauthenticated:
      return unauthenticated_.add();
    case stamp::AnswerError::kNone:
      break;
  }
  const uint32_t slot = pending_.find(*datagram.from, socket, answer.base.sender_sequence);
  // A reflector that does not know RFC 8972 leaves the SSID zero.
  if (slot == kNone || (answer.base.ssid != 0 && answer.base.ssid != pending_[slot].ssid)) return unmatched_.add();
  Pending& probe = pending_[slot];
  if (answer.is_follow_up()) {
    if (probe.state != PendingState::kOutstanding) return;
    take_exact_t4(probe, answer.base, *answer.telemetry, /*telemetry=*/false);
    complete_if_ready(slot);
  } else if (probe.state == PendingState::kTimedOut) {
    if (!probe.late) emit(unanswered_record(probe, ProbeResult::kLate));
    probe.late = true;
  } else if (probe.answered) {
    emit(unanswered_record(probe, ProbeResult::kDuplicate));
  } else {
    take_first_answer(slot, answer, control, seen);
  }
}

void UdpProber::take_first_answer(uint32_t slot, const stamp::ProbeAnswer& answer, const ReceiveControl& control,
                                  const ClockPair& seen) {
  Pending& probe = pending_[slot];
  probe.answered = true;
  probe.seen = seen;
  probe.t5 = control.stamp;
  probe.answer_ttl = control.ttl;
  probe.reflector_sequence = answer.base.sequence;
  if (!probe.exact_t4) {
    const bool ptp = stamp::is_ptp(answer.base.error_estimate);
    probe.t3_ns = stamp::decode_time(answer.base.receive_timestamp, ptp);
    probe.t4_ns = stamp::decode_time(answer.base.timestamp, ptp);
  }
  ProbeTarget& target = schedule_[probe.target_slot];
  const bool same_target = target.id == probe.target_id;
  if (same_target && answer.telemetry && !answer.follow_up_promised) take_telemetry(target, probe, answer);
  // Telemetry comes with the next answer; it is waited for only if that one can come before the timeout.
  const bool telemetry_in_time = answer.telemetry && same_target && target.paths == 1 &&
                                 target.interval_ns < target.timeout_ns;
  probe.exact_t4_awaited = answer.follow_up_promised || telemetry_in_time;
  if (same_target) {
    target.answered_slot = slot;
    target.answered_generation = probe.generation;
  }
  complete_if_ready(slot);
}

// The telemetry of this answer speaks of the probe answered before it in the same session, or of nothing: then that
// probe need not wait for it any longer.
void UdpProber::take_telemetry(const ProbeTarget& target, const Pending& current, const stamp::ProbeAnswer& answer) {
  if (target.answered_slot == kNone) return;
  Pending& previous = pending_[target.answered_slot];
  if (previous.generation != target.answered_generation || previous.state != PendingState::kOutstanding ||
      previous.socket != current.socket) {
    return;
  }
  if (answer.telemetry->timestamp != 0 && previous.reflector_sequence == answer.telemetry->sequence) {
    // Its T3 was in its own answer.
    stamp::ReflectorPacket base = answer.base;
    base.receive_timestamp = stamp::encode_time(previous.t3_ns, stamp::is_ptp(base.error_estimate));
    take_exact_t4(previous, base, *answer.telemetry, /*telemetry=*/true);
  }
  previous.exact_t4_awaited = false;
  complete_if_ready(target.answered_slot);
}

void UdpProber::take_exact_t4(Pending& probe, const stamp::ReflectorPacket& base, const stamp::FollowUp& exact,
                              bool telemetry) {
  const bool ptp = stamp::is_ptp(base.error_estimate);
  probe.exact_t4 = true;
  probe.telemetry = telemetry;
  probe.t3_ns = stamp::decode_time(base.receive_timestamp, ptp);
  probe.t4_ns = stamp::decode_time(exact.timestamp, ptp);
  probe.reflector_clock = exact.mode == stamp::kHardwareAssisted ? StampClock::kHardware : StampClock::kKernel;
}

void UdpProber::complete_if_ready(uint32_t slot) {
  const Pending& probe = pending_[slot];
  if (probe.state != PendingState::kOutstanding || !probe.answered) return;
  if (!probe.t2.any() && sockets_[probe.socket].expects_stamps()) return;
  if (!probe.exact_t4 && probe.exact_t4_awaited) return;
  complete(slot);
}

void UdpProber::complete(uint32_t slot) {
  Pending& probe = pending_[slot];
  if (!probe.t2.any()) {
    unstamped_.add();
    ++sockets_[probe.socket].unstamped_in_row;
  }
  emit(answered_record(probe));
  probe.state = PendingState::kSucceeded;
  --outstanding_;
}

void UdpProber::expire(int64_t now_ns) {
  expired_.clear();
  expiry_.expire(now_ns, expired_);
  for (const uint32_t slot : expired_) {
    Pending& probe = pending_[slot];
    if (probe.state != PendingState::kOutstanding) {
      pending_.erase(slot);
      continue;
    }
    if (probe.answered) {
      complete(slot);
    } else {
      emit(unanswered_record(probe, ProbeResult::kTimeout));
      probe.state = PendingState::kTimedOut;
      --outstanding_;
    }
    expiry_.schedule(slot, now_ns + std::max(probe.timeout_ns, kMinLateNs));
  }
}

void UdpProber::send(const std::vector<uint32_t>& due) {
  due_probes_.clear();
  for (const uint32_t slot : due) {
    const ProbeTarget& target = schedule_[slot];
    const bool sendable = target.valid_address;
    due_probes_.push_back({slot, sendable ? sockets_.index_of(target.address.family(), target.path()) : kNone});
  }
  if (sockets_.size() > 1) {
    std::stable_sort(due_probes_.begin(), due_probes_.end(),
                     [](const DueProbe& a, const DueProbe& b) { return a.socket < b.socket; });
  }
  ClockPair now = read_clocks();
  for (size_t i = 0; i < due_probes_.size(); ++i) {
    build(due_probes_[i], now);
    const bool last = i + 1 == due_probes_.size() || due_probes_[i + 1].socket != due_probes_[i].socket;
    if (!probes_.full() && !last) continue;
    flush(due_probes_[i].socket);
    now = read_clocks();
  }
}

void UdpProber::build(const DueProbe& due, const ClockPair& now) {
  ProbeTarget& target = schedule_[due.target];
  Pending attempt;
  attempt.target_id = target.id;
  attempt.sequence = target.sequence();
  attempt.path = target.path();
  attempt.sent = now;
  ++target.probes;
  if (due.socket == kNone) {
    const int error = target.valid_address ? sockets_.last_error() : EINVAL;
    return emit(unanswered_record(attempt, ProbeResult::kSendError, error));
  }
  const uint32_t slot = pending_.insert(target.address, due.socket, attempt.sequence);
  if (slot == kNone) {
    shed_.add();
    return emit(unanswered_record(attempt, ProbeResult::kSendError, ENOBUFS));
  }
  expiry_.grow(pending_.capacity());
  Pending& probe = pending_[slot];
  probe.target_id = target.id;
  probe.target_slot = due.target;
  probe.path = attempt.path;
  probe.ssid = target.ssid;
  probe.timeout_ns = target.timeout_ns;
  OutgoingDatagram& datagram = probes_.add(target.address);
  datagram.cookie = slot;
  const stamp::SenderPacket packet{probe.sequence, stamp::encode_time(now.realtime, /*ptp=*/true),
                                   stamp::kOurErrorEstimate, target.plain ? uint16_t{0} : target.ssid};
  const stamp::ProbeSize size =
      stamp::encode_probe(datagram.head.data, packet, target.plain, target.payload_bytes, key());
  datagram.size = size.head;
  datagram.padding = size.padding;
  UdpSocket& socket = sockets_[due.socket].socket;
  if (socket.stamped()) SendBatch::request_stamp(datagram, socket.stamp_ids());
  if (target.ttl != kDefaultTtl) datagram.control.set_ttl(socket.family(), target.ttl);
  if (target.dscp != 0) {
    datagram.control.set_traffic_class(socket.family(), static_cast<uint8_t>(target.dscp << kDscpShift));
  }
  batch_slots_.push_back(slot);
}

void UdpProber::flush(uint32_t socket) {
  if (probes_.empty()) return;
  PathSocket& path = sockets_[socket];
  const ClockPair t1 = read_clocks();
  for (const uint32_t slot : batch_slots_) pending_[slot].sent = t1;
  batch_slots_.clear();
  probes_.flush(
      path.socket.fd(), path.socket.stamp_ids(),
      [&](const OutgoingDatagram& datagram) {
        Pending& probe = pending_[datagram.cookie];
        probe.stamp_id = datagram.stamp_id;
        if (datagram.stamped) path.remember_stamp(datagram.stamp_id, datagram.cookie);
        pending_.sent(datagram.cookie);
        expiry_.schedule(datagram.cookie, t1.monotonic + probe.timeout_ns);
        ++outstanding_;
        sent_.add();
      },
      [&](const OutgoingDatagram& datagram, int error) {
        emit(unanswered_record(pending_[datagram.cookie], ProbeResult::kSendError, error));
        pending_.erase(datagram.cookie);
      });
  // The kernel's stamps are there already; taken now they do not wake the next ppoll.
  if (path.socket.stamped() && !batched()) take_tx_stamps(socket);
}

void UdpProber::add_stats(Stats& stats) const {
  stats.emplace_back("late", emitted(ProbeResult::kLate));
  stats.emplace_back("duplicate", emitted(ProbeResult::kDuplicate));
  stats.emplace_back("unmatched", unmatched_.get());
  stats.emplace_back("malformed", malformed_.get());
  stats.emplace_back("unauthenticated", unauthenticated_.get());
  stats.emplace_back("unstamped", unstamped_.get());
  stats.emplace_back("socket_drops", socket_drops_.get());
}

}  // namespace weft
