#include "rdma/ud_prober.h"

#include <sys/random.h>

#include <cmath>
#include <utility>

#include "base/clock.h"
#include "rdma/grh.h"

namespace weft {

namespace {

uint32_t random_epoch() {
  uint32_t value = 0;
  if (getrandom(&value, sizeof value, 0) != sizeof value) value = static_cast<uint32_t>(realtime_ns());
  return value;
}

}  // namespace

UdProber::UdProber(Emit emit) : emit_(std::move(emit)), epoch_(random_epoch()) {}

void UdProber::use(UdSession* session) {
  session_ = session;
  owners_.assign(session == nullptr ? 0 : session->size(), {});
}

std::optional<uint32_t> UdProber::send(ProbeTarget& target, const PeerAddress& peer, ibv_ah* to) {
  const uint16_t pair_index = session_->pair_of(target.path());
  QueuePair& pair = session_->pair(pair_index);
  const uint32_t send_slot = pair.take_send_slot();
  const uint32_t slot = send_slot == QueuePair::kNone ? ProbeTable::kNone : probes_.insert();
  if (slot == ProbeTable::kNone) {
    if (send_slot != QueuePair::kNone) pair.free_send_slot(send_slot);
    ++shed_;
    skip(target, ProbeResult::kSendError, ENOBUFS);
    return std::nullopt;
  }
  UdProbe& probe = probes_[slot];
  probe.target_id = target.id;
  probe.path = target.path();
  probe.sequence = target.sequence();
  probe.peer = peer;
  probe.peer_qpn = target.qpn;
  probe.stamps.timeout_ns = target.timeout_ns;
  ++target.probes;
  std::vector<SendOwner>& owners = owners_[pair_index];
  if (send_slot >= owners.size()) owners.resize(send_slot + 1);
  Payload payload;
  payload.sequence = uint64_t{epoch_} << 32 | probe.counter;
  probe.sent_utc_ns = realtime_ns();
  probe.stamps.t1_ns = monotonic_ns();
  const Status sent = pair.send(send_slot, payload, to, probe.peer_qpn);
  if (!sent.ok()) {
    pair.free_send_slot(send_slot);
    emit_(probe.record(ProbeResult::kSendError, sent.error().code));
    probes_.erase(slot);
    return std::nullopt;
  }
  // What stands for T2 where completions have no stamps. The time after the post would be too late (the packet leaves
  // within it), and the network's time could come out negative.
  if (!session_->hardware_clock()) probe.stamps.t2_ns = probe.stamps.t1_ns;
  owners[send_slot] = {slot, probe.counter};
  probes_.sent(slot);
  ++outstanding_;
  ++sent_;
  return slot;
}

void UdProber::skip(ProbeTarget& target, ProbeResult result, int error) {
  Record record = record_of(target.id, target.path(), target.sequence(), realtime_ns(), result);
  record.error = static_cast<uint16_t>(error);
  ++target.probes;
  emit_(record);
}

bool UdProber::outstanding(const SendOwner& owner) const {
  const UdProbe& probe = probes_[owner.probe];
  return probe.counter == owner.counter && probe.state == UdProbe::State::kOutstanding;
}

Status UdProber::take_sent(const WorkId& id, const Completion& completion) {
  std::vector<SendOwner>& owners = owners_[id.queue_pair];
  if (id.slot >= owners.size() || owners[id.slot].probe == ProbeTable::kNone) {
    unmatched_.add();
    return Done{};
  }
  const SendOwner owner = std::exchange(owners[id.slot], SendOwner{});
  QueuePair& pair = session_->pair(id.queue_pair);
  pair.free_send_slot(id.slot);
  if (completion.status == IBV_WC_SUCCESS) {
    if (completion.stamp_ns && outstanding(owner)) {
      probes_[owner.probe].stamps.t2_ns = completion.stamp_ns;
      complete_if_ready(owner.probe);
    }
    return Done{};
  }
  failed_sends_.add();
  if (outstanding(owner)) fail(owner.probe, EIO);
  // What was flushed fell with another, for which this was done.
  if (completion.status == IBV_WC_WR_FLUSH_ERR) return Done{};
  return pair.resume_sending();
}

Status UdProber::take_received(const WorkId& id, const Completion& completion, const Seen& seen) {
  // The queue pair receives no more: whatever it is given is flushed too.
  if (completion.status == IBV_WC_WR_FLUSH_ERR) return Error{EIO, "receive"};
  QueuePair& pair = session_->pair(id.queue_pair);
  if (pair.used_up(id.slot)) queue_ran_empty_.add();
  // All that is wanted of the buffer is read before it is posted again.
  std::optional<Payload> ack;
  std::optional<Grh> grh;
  const bool succeeded = completion.status == IBV_WC_SUCCESS;
  if (succeeded) {
    ack = decode(pair.payload(id.slot, completion.bytes));
    if (completion.has_grh) grh = parse_grh(pair.grh(id.slot));
  }
  const Status posted = pair.post_receive(id.slot);
  if (!succeeded) {
    failed_receives_.add();
  } else if (!grh && session_->port().link() == RdmaLink::kRoce) {
    no_grh_.add();
  } else if (!ack || ack->type != PayloadType::kAck) {
    malformed_.add();
  } else if (const uint32_t slot = slot_of(*ack, grh ? &*grh : nullptr, completion); slot == ProbeTable::kNone) {
    unmatched_.add();
  } else {
    if (grh && ack->ack == 1 && !probes_[slot].answered) probes_[slot].hop_limit = grh->hop_limit;
    take_ack(slot, *ack, completion, seen);
  }
  return posted;
}

// kNone unless it answers one of our probes and comes from where that went.
uint32_t UdProber::slot_of(const Payload& ack, const Grh* grh, const Completion& completion) const {
  if (ack.sequence >> 32 != epoch_) return ProbeTable::kNone;
  const uint32_t slot = probes_.find(static_cast<uint32_t>(ack.sequence));
  if (slot == ProbeTable::kNone) return slot;
  const UdProbe& probe = probes_[slot];
  const bool same_port = session_->port().link() == RdmaLink::kRoce ? grh->source == probe.peer.gid
                                                                    : completion.source_lid == probe.peer.lid;
  return same_port && completion.source_qpn == probe.peer_qpn ? slot : ProbeTable::kNone;
}

void UdProber::take_ack(uint32_t slot, const Payload& ack, const Completion& completion, const Seen& seen) {
  UdProbe& probe = probes_[slot];
  if (ack.ack == 1 && probe.state == UdProbe::State::kTimedOut) {
    if (!probe.late) emit_(probe.record(ProbeResult::kLate));
    probe.late = true;
    return;
  }
  if (ack.ack == 1 && probe.answered && probe.state != UdProbe::State::kFailed) return emit_(probe.record(ProbeResult::kDuplicate));
  if (probe.state != UdProbe::State::kOutstanding) return;
  if ((ack.flags & kStoodStill) != 0) probe.stamps.stood_still_there = true;
  // Both ACKs tell: when ACK2 is lost, the probe still counts among those of its clock.
  probe.stamps.hardware = completion.stamp_ns.has_value() && (ack.flags & kHardwareStamps) != 0;
  if (ack.ack == 1) {
    probe.answered = true;
    probe.stamps.t5_ns = completion.stamp_ns.value_or(seen.monotonic_ns);
    probe.stamps.t6_ns = seen.monotonic_ns;
    probe.stamps.stood_still_here = seen.stood_still && !completion.stamp_ns;
    if ((ack.flags & kQueueRanEmpty) != 0) peer_queue_ran_empty_.add();
  }
  if (tells(ack)) {
    probe.told = true;
    probe.stamps.t4_source = ack.ack == 1 ? T4Source::kInline : T4Source::kFollowUp;
    probe.stamps.t3_ns = static_cast<int64_t>(ack.t3);
    probe.stamps.t4_ns = static_cast<int64_t>(ack.t4);
  }
  complete_if_ready(slot);
}

void UdProber::complete_if_ready(uint32_t slot) {
  const UdProbe& probe = probes_[slot];
  if (probe.answered && probe.told && probe.stamps.t2_ns) complete(slot);
}

void UdProber::complete(uint32_t slot) {
  UdProbe& probe = probes_[slot];
  Record record = probe.record(ProbeResult::kSuccess);
  take_answered(record, probe.stamps);
  if (std::isnan(record.network_rtt_ns)) unmeasured_.add();
  emit_(record);
  probe.state = UdProbe::State::kSucceeded;
  --outstanding_;
}

void UdProber::end(uint32_t slot, ProbeResult result, int error) {
  UdProbe& probe = probes_[slot];
  emit_(probe.record(result, error));
  // What comes for a probe that failed here is neither late nor a duplicate: it is not known any more.
  probe.state = result == ProbeResult::kTimeout ? UdProbe::State::kTimedOut : UdProbe::State::kFailed;
  --outstanding_;
}

// What was answered has crossed the network, whatever became of its sender since.
void UdProber::fail(uint32_t slot, int error) {
  if (probes_[slot].answered) return complete(slot);
  end(slot, ProbeResult::kSendError, error);
}

bool UdProber::expire(uint32_t slot, std::optional<PeerAddress>& lost) {
  const UdProbe& probe = probes_[slot];
  if (probe.state != UdProbe::State::kOutstanding) {
    probes_.erase(slot);
    return false;
  }
  if (probe.answered) {
    complete(slot);  // without what did not come
  } else {
    lost = probe.peer;
    end(slot, ProbeResult::kTimeout, 0);
  }
  return true;
}

void UdProber::abandon(int error) {
  for (uint32_t slot = 0; slot < probes_.capacity(); ++slot) {
    if (probes_[slot].state == UdProbe::State::kOutstanding) fail(slot, error);
  }
}

void UdProber::add_stats(Stats& stats) const {
  stats.emplace_back("unmatched", unmatched_.get());
  stats.emplace_back("malformed", malformed_.get());
  stats.emplace_back("no_grh", no_grh_.get());
  stats.emplace_back("unmeasured", unmeasured_.get());
  stats.emplace_back("failed_sends", failed_sends_.get());
  stats.emplace_back("failed_receives", failed_receives_.get());
  stats.emplace_back("receive_queue_empty", queue_ran_empty_.get());
  stats.emplace_back("peer_receive_queue_empty", peer_queue_ran_empty_.get());
}

}  // namespace weft
