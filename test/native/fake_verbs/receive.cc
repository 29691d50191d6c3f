#include "receive.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "completion_queue.h"
#include "headers.h"
#include "memory.h"
#include "queue_pair.h"
#include "world.h"

namespace fake_verbs {

namespace {

// Where there is no header the 40 bytes are undefined: they hold this.
constexpr uint8_t kUndefined = 0xa5;

bool pkeys_match(uint16_t a, uint16_t b) {
  constexpr uint16_t kFullMember = 0x8000;
  return ((a ^ b) & ~kFullMember) == 0 && ((a | b) & kFullMember) != 0 && (a & ~kFullMember) != 0;
}

// Why a queue pair does not take a packet.
std::optional<Count> refusal(const Device &receiver, const Qp &qp, const Packet &packet) {
  const bool receives = qp.state == IBV_QPS_RTR || qp.state == IBV_QPS_RTS || qp.state == IBV_QPS_SQE;
  if (!receives) return Count::kDroppedState;
  if (!pkeys_match(receiver.pkeys[qp.pkey_index], packet.pkey)) return Count::kDroppedPkey;
  if (qp.qkey != packet.qkey) return Count::kDroppedQkey;
  if (qp.receives.empty()) return Count::kDroppedNoReceive;
  return {};
}

std::vector<uint8_t> bytes_of(const Packet &packet) {
  Headers headers;
  headers.fill(kUndefined);
  if (packet.global) headers = network_headers(packet);
  std::vector<uint8_t> bytes(headers.begin(), headers.end());
  bytes.insert(bytes.end(), packet.payload.begin(), packet.payload.end());
  return bytes;
}

// Writes the packet where the request says; the status that the completion gets.
ibv_wc_status scatter(const Qp &qp, const ReceiveRequest &request, const std::vector<uint8_t> &bytes) {
  size_t done = 0;
  for (const ibv_sge &piece : request.pieces) {
    const size_t length = std::min<size_t>(piece.length, bytes.size() - done);
    if (length == 0) break;
    if (!covers(*qp.pd, piece, IBV_ACCESS_LOCAL_WRITE)) return IBV_WC_LOC_PROT_ERR;
    std::memcpy(reinterpret_cast<void *>(piece.addr), bytes.data() + done, length);
    done += length;
  }
  return done == bytes.size() ? IBV_WC_SUCCESS : IBV_WC_LOC_LEN_ERR;
}

Completion completion_of(const Qp &qp, const Packet &packet, const ReceiveRequest &request) {
  Completion completion;
  completion.wr_id = request.wr_id;
  completion.opcode = IBV_WC_RECV;
  completion.byte_len = static_cast<uint32_t>(kGrhBytes + packet.payload.size());
  completion.qp_num = qp.qp_num;
  completion.src_qp = packet.from_qpn;
  completion.wc_flags = packet.global ? IBV_WC_GRH : 0;
  completion.slid = packet.slid;
  completion.sl = packet.sl;
  completion.is_receive = true;
  completion.solicited = packet.solicited;
  return completion;
}

// Into the first receive that is posted.
void fill(Device &receiver, Qp &qp, const Packet &packet, const Fate &fate, int64_t time_ns) {
  const ReceiveRequest request = std::move(qp.receives.front());
  qp.receives.pop_front();
  Completion completion = completion_of(qp, packet, request);
  completion.status = fate.status != IBV_WC_SUCCESS ? fate.status : scatter(qp, request, bytes_of(packet));
  if (fate.hide_grh) completion.wc_flags &= ~unsigned{IBV_WC_GRH};
  receiver.stamp(completion, time_ns);
  if (completion.status == IBV_WC_SUCCESS) receiver.counters.add(Count::kReceived);
  complete(*cq_of(qp.recv_cq), completion);
  // An error of a receive is the end of a datagram queue pair (InfiniBand specification, 10.3.1).
  if (completion.status != IBV_WC_SUCCESS && !fate.keeps_state) enter_error(qp);
}

}  // namespace

void receive(Device &receiver, const Packet &packet, int64_t time_ns) {
  const auto count = [&](Count what) { receiver.counters.add(what); };
  if (!receiver.present || receiver.port_state != IBV_PORT_ACTIVE) return count(Count::kDroppedPortDown);
  const auto found = receiver.qps.find(packet.to_qpn);
  if (found == receiver.qps.end()) return count(Count::kDroppedNoQp);
  Qp &qp = *found->second;
  const std::optional<Count> refused = refusal(receiver, qp, packet);
  if (refused) return count(*refused);
  const Fate fate = receiver.faults.of_received(packet, receiver.random);
  if (fate.starve) return count(Count::kDroppedNoReceive);
  if (fate.before_arming) return qp.before_arming.push_back(std::make_shared<const Packet>(packet));

  fill(receiver, qp, packet, fate, time_ns);
  if (!fate.flood || qp.flood) return;
  qp.flood = std::make_shared<const Packet>(packet);
  while (!qp.receives.empty()) receive(receiver, packet, time_ns);
}

void receive_before_arming(Cq &cq) {
  Context &context = *context_of(cq.context);
  for (const auto &[key, qp] : context.qps) {
    if (cq_of(qp->recv_cq) != &cq) continue;
    for (const auto &packet : std::exchange(qp->before_arming, {})) {
      if (!refusal(*context.device, *qp, *packet)) fill(*context.device, *qp, *packet, {}, now_ns());
    }
  }
}

}  // namespace fake_verbs
