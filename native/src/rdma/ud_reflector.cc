#include "rdma/ud_reflector.h"

#include <cstring>
#include <utility>

#include "base/clock.h"
#include "rdma/path_entropy.h"

namespace weft {

namespace {

constexpr int64_t kRanEmptyToldNs = kNsPerS;
constexpr uint8_t kEcnBits = 3;
// Of the send slots, what answers that wait for their address handle may hold: the rest is for senders that are known, so
// that hosts that nobody resolves take nothing from the others.
constexpr uint32_t kWaitingShare = 2;  // the half

// The way back: that of the probe's own label where there is one. RoCE v2 over IPv4 delivers none, so that there a peer's
// queue pair has one way back.
uint32_t reply_label(const Grh& grh, uint32_t source_qpn) {
  return grh.flow_label != 0 ? grh.flow_label : flow_label_of(static_cast<uint16_t>(source_qpn & 0xff));
}

PeerAddress peer_of(const Grh* grh, RdmaLink link, const Completion& completion) {
  PeerAddress peer;
  peer.lid = completion.source_lid;
  peer.service_level = completion.service_level;
  peer.global = grh != nullptr;
  if (link == RdmaLink::kRoce) peer.lid = 0;
  if (grh == nullptr) return peer;
  peer.gid = grh->source;
  peer.flow_label = reply_label(*grh, completion.source_qpn);
  peer.traffic_class = static_cast<uint8_t>(grh->traffic_class & ~kEcnBits);
  return peer;
}

// The port that a probe came from, whatever its queue pair: its GID, or its LID where packets carry none.
AddressBytes source_of(const PeerAddress& peer) {
  if (peer.global) return peer.gid;
  AddressBytes source{};
  std::memcpy(source.data(), &peer.lid, sizeof peer.lid);
  return source;
}

}  // namespace

UdReflector::UdReflector(const UdPort& port, AddressHandles& handles, std::unique_ptr<QueuePair> pair,
                         bool hardware_clock, double rate_limit, ReflectorCounters& counters)
    : port_(port), handles_(handles), pair_(std::move(pair)), hardware_clock_(hardware_clock), limiter_(rate_limit), counters_(counters) {}

Status UdReflector::take(uint32_t slot, const Completion& completion, const Seen& seen) {
  // The queue pair receives no more: whatever it is given is flushed too.
  if (completion.status == IBV_WC_WR_FLUSH_ERR) return Error{EIO, "receive"};
  if (pair_->used_up(slot)) {
    counters_.queue_ran_empty.add();
    ran_empty_told_until_ns_ = seen.monotonic_ns + kRanEmptyToldNs;
  }
  // All that is wanted of the buffer is read before it is posted again, and that comes before the answer: the fewer
  // buffers are away, the fewer probes find none.
  std::optional<Payload> probe;
  std::optional<Grh> grh;
  const bool succeeded = completion.status == IBV_WC_SUCCESS;
  if (succeeded) {
    probe = decode(pair_->payload(slot, completion.bytes));
    if (completion.has_grh) grh = parse_grh(pair_->grh(slot));
  }
  const Status posted = pair_->post_receive(slot);
  if (!posted.ok()) return posted;
  if (!succeeded) {
    counters_.failed.add();
  } else if (!grh && port_.link() == RdmaLink::kRoce) {
    counters_.no_grh.add();
  } else if (!probe || probe->type != PayloadType::kProbe) {
    counters_.malformed.add();
  } else {
    counters_.received.add();
    answer(grh ? &*grh : nullptr, *probe, completion, seen);
  }
  return posted;
}

void UdReflector::answer(const Grh* grh, const Payload& probe, const Completion& completion, const Seen& seen) {
  const PeerAddress peer = peer_of(grh, port_.link(), completion);
  if (!limiter_.allow(source_of(peer), seen.monotonic_ns)) return counters_.over_limit.add();
  const uint32_t slot = pair_->take_send_slot();
  if (slot == QueuePair::kNone) return counters_.dropped.add();
  if (slot >= answers_.size()) answers_.resize(slot + 1);
  Answer& made = answers_[slot];
  made = Answer{};
  made.peer = peer;
  made.peer_qpn = completion.source_qpn;
  made.sequence = probe.sequence;
  // The guess on the safe side: what the host may have held up is the host's.
  made.t3_ns = completion.stamp_ns.value_or(seen.stood_still ? seen.since_ns : seen.monotonic_ns);
  if (seen.stood_still) made.flags |= kStoodStill;
  if (hardware_clock_) made.flags |= kHardwareStamps;
  if (seen.monotonic_ns < ran_empty_told_until_ns_) made.flags |= kQueueRanEmpty;
  start(slot, seen.monotonic_ns);
}

void UdReflector::start(uint32_t slot, int64_t now_ns) {
  Answer& answer = answers_[slot];
  const bool may_wait = waiting_.size() < pair_->send_slots() / kWaitingShare;
  // No handle for an answer that cannot wait for it: addresses that strangers make up push out none that is in use.
  const AddressHandles::Found to = handles_.find(answer.peer, now_ns, /*make=*/may_wait);
  if (to.handle == nullptr) {
    if (to.error != 0) return finish(slot, counters_.unreachable);
    if (!may_wait) return finish(slot, counters_.dropped);
    answer.stage = Stage::kWaiting;
    waiting_.push_back(slot);
    return;
  }
  answer.stage = Stage::kAck1;
  // What stands for T4 where completions have no stamps: see UdProber::send.
  send(slot, 1, hardware_clock_ ? 0 : monotonic_ns(), to.handle);
}

Status UdReflector::sent(uint32_t slot, const Completion& completion, const Seen& seen) {
  // Only an answer under way owns its slot: another completion of it would free it a second time.
  if (slot >= answers_.size()) return Done{};
  Answer& answer = answers_[slot];
  if (answer.stage != Stage::kAck1 && answer.stage != Stage::kAck2) return Done{};
  if (completion.status != IBV_WC_SUCCESS) {
    finish(slot, counters_.failed);
    // What was flushed fell with another, for which this was done.
    return completion.status == IBV_WC_WR_FLUSH_ERR ? Done{} : pair_->resume_sending();
  }
  if (answer.stage == Stage::kAck1 && completion.stamp_ns) {
    tell(slot, *completion.stamp_ns, seen.monotonic_ns);
  } else {
    finish(slot, counters_.answered);
  }
  return Done{};
}

// ACK2, by the slot of ACK1.
void UdReflector::tell(uint32_t slot, int64_t t4_ns, int64_t now_ns) {
  Answer& answer = answers_[slot];
  const AddressHandles::Found to = handles_.find(answer.peer, now_ns);
  if (to.handle == nullptr) return finish(slot, counters_.unreachable);
  answer.stage = Stage::kAck2;
  send(slot, 2, t4_ns, to.handle);
}

void UdReflector::send(uint32_t slot, uint8_t ack, int64_t t4_ns, ibv_ah* to) {
  const Answer& answer = answers_[slot];
  Payload payload;
  payload.type = PayloadType::kAck;
  payload.ack = ack;
  payload.flags = answer.flags;
  payload.sequence = answer.sequence;
  payload.t3 = static_cast<uint64_t>(answer.t3_ns);
  payload.t4 = static_cast<uint64_t>(t4_ns);
  if (!pair_->send(slot, payload, to, answer.peer_qpn).ok()) finish(slot, counters_.failed);
}

void UdReflector::finish(uint32_t slot, Counter& counter) {
  counter.add();
  answers_[slot].stage = Stage::kFree;
  pair_->free_send_slot(slot);
}

void UdReflector::resume(int64_t now_ns) {
  std::vector<uint32_t> waiting;
  waiting.swap(waiting_);
  for (const uint32_t slot : waiting) {
    answers_[slot].stage = Stage::kFree;
    start(slot, now_ns);
  }
}

void ReflectorCounters::add_stats(Stats& stats) const {
  stats.emplace_back("reflector_received", received.get());
  stats.emplace_back("reflected", answered.get());
  stats.emplace_back("reflector_over_limit", over_limit.get());
  stats.emplace_back("reflector_dropped", dropped.get());
  stats.emplace_back("reflector_failed", failed.get());
  stats.emplace_back("reflector_malformed", malformed.get());
  stats.emplace_back("reflector_no_grh", no_grh.get());
  stats.emplace_back("reflector_unreachable", unreachable.get());
  stats.emplace_back("reflector_receive_queue_empty", queue_ran_empty.get());
}

}  // namespace weft
