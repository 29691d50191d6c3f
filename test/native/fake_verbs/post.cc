// Posting work requests: what a driver refuses at once, and what it hands on to the wire.

#include <cerrno>
#include <cstring>
#include <utility>

#include "memory.h"
#include "queue_pair.h"
#include "receive.h"
#include "world.h"

namespace fake_verbs {

namespace {

// A remote qkey with its highest bit set stands for the queue pair's own (InfiniBand specification, 10.2.5).
constexpr uint32_t kOwnQkey = 0x8000'0000;

size_t length_of(const ibv_send_wr &request) {
  size_t length = 0;
  for (int i = 0; i < request.num_sge; ++i) length += request.sg_list[i].length;
  return length;
}

// Why a driver would not take it, as an errno.
int refusal(const Qp &qp, const ibv_send_wr &request) {
  if (qp.state != IBV_QPS_RTS && qp.state != IBV_QPS_SQE && qp.state != IBV_QPS_ERR) return EINVAL;
  if (request.opcode != IBV_WR_SEND) return EINVAL;
  if (request.num_sge < 0 || static_cast<uint32_t>(request.num_sge) > qp.cap.max_send_sge) return EINVAL;
  if (qp.unpolled_sends >= qp.cap.max_send_wr) return ENOMEM;
  if ((request.send_flags & IBV_SEND_INLINE) && length_of(request) > qp.cap.max_inline_data) return EINVAL;
  if (request.wr.ud.ah == nullptr || request.wr.ud.ah->pd != qp.pd) return EINVAL;
  return 0;
}

// Gathers the payload; the status with which it fails when it cannot be.
ibv_wc_status gather(const Qp &qp, const ibv_send_wr &request, std::vector<uint8_t> &payload) {
  if (length_of(request) > context_of(qp.context)->device->settings.mtu) return IBV_WC_LOC_LEN_ERR;
  for (int i = 0; i < request.num_sge; ++i) {
    const ibv_sge &piece = request.sg_list[i];
    const bool is_inline = (request.send_flags & IBV_SEND_INLINE) != 0;
    if (!is_inline && !covers(*qp.pd, piece, 0)) return IBV_WC_LOC_PROT_ERR;
    const auto *const bytes = reinterpret_cast<const uint8_t *>(piece.addr);
    payload.insert(payload.end(), bytes, bytes + piece.length);
  }
  return IBV_WC_SUCCESS;
}

// Of the flow label where the device honours it, otherwise always the same for a queue pair, as in soft-RoCE.
uint16_t udp_source_port(const Device &device, const Qp &qp, uint32_t flow_label) {
  if (device.is_infiniband()) return 0;
  const uint32_t entropy = device.settings.flow_labels && flow_label != 0 ? flow_label : qp.qp_num * 2654435761u >> 12;
  return ibv_flow_label_to_udp_sport(entropy & IB_GRH_FLOWLABEL_MASK);
}

Packet packet_of(const Qp &qp, const ibv_send_wr &request) {
  const Device &device = *context_of(qp.context)->device;
  const ibv_ah_attr &address = static_cast<const Ah *>(request.wr.ud.ah)->attributes;
  Packet packet;
  packet.from_device = device.number;
  packet.from_qpn = qp.qp_num;
  packet.to_qpn = request.wr.ud.remote_qpn;
  packet.qkey = (request.wr.ud.remote_qkey & kOwnQkey) ? qp.qkey : request.wr.ud.remote_qkey;
  packet.pkey = device.pkeys[qp.pkey_index];
  packet.global = address.is_global != 0;
  packet.slid = device.lid();
  packet.dlid = device.is_infiniband() ? address.dlid : uint16_t{0};
  packet.sl = address.sl;
  packet.solicited = (request.send_flags & IBV_SEND_SOLICITED) != 0;
  if (!packet.global) return packet;
  packet.sgid = device.gids[address.grh.sgid_index].gid;
  packet.dgid = address.grh.dgid;
  packet.flow_label = address.grh.flow_label;
  packet.traffic_class = address.grh.traffic_class;
  packet.hop_limit = address.grh.hop_limit;
  packet.udp_source_port = udp_source_port(device, qp, address.grh.flow_label);
  return packet;
}

// One request that the driver takes.
void carry_out(Qp &qp, const ibv_send_wr &request) {
  ++qp.unpolled_sends;
  ++qp.unsignaled_sends;
  if (qp.state != IBV_QPS_RTS) return flush(qp, request.wr_id, false, std::exchange(qp.unsignaled_sends, 0));
  std::optional<Completion> completion;
  if (qp.signal_all || (request.send_flags & IBV_SEND_SIGNALED)) {
    completion.emplace();
    completion->wr_id = request.wr_id;
    completion->qp_num = qp.qp_num;
    completion->frees = std::exchange(qp.unsignaled_sends, 0);
  }
  Packet packet = packet_of(qp, request);
  Fate refused;
  refused.status = gather(qp, request, packet.payload);
  if (refused.status == IBV_WC_SUCCESS) return World::get().wire.send(qp, std::move(packet), completion);
  packet.sent_ns = now_ns();
  fail_send(qp, completion, packet, refused);
}

int refusal(const Qp &qp, const ibv_recv_wr &request) {
  if (qp.state == IBV_QPS_RESET) return EINVAL;
  if (request.num_sge < 0 || static_cast<uint32_t>(request.num_sge) > qp.cap.max_recv_sge) return EINVAL;
  return qp.unpolled_receives >= qp.cap.max_recv_wr ? ENOMEM : 0;
}

void take(Qp &qp, const ibv_recv_wr &request) {
  ++qp.unpolled_receives;
  if (qp.state == IBV_QPS_ERR) return flush(qp, request.wr_id, true, 1);
  qp.receives.push_back({request.wr_id, {request.sg_list, request.sg_list + request.num_sge}});
}

}  // namespace

int post_send(ibv_qp *qp, ibv_send_wr *request, ibv_send_wr **bad) {
  World &world = World::get();
  const Lock lock(world.mutex);
  Context &context = *context_of(qp->context);
  Qp &self = *static_cast<Qp *>(qp);
  for (; request != nullptr; request = request->next) {
    int error = world.failure_of("ibv_post_send", context);
    if (error == 0) error = refusal(self, *request);
    if (error != 0) {
      context.device->counters.add(Count::kRefusedSends);
      *bad = request;
      return error;
    }
    context.device->counters.add(Count::kPostedSends);
    carry_out(self, *request);
  }
  return 0;
}

int post_recv(ibv_qp *qp, ibv_recv_wr *request, ibv_recv_wr **bad) {
  World &world = World::get();
  const Lock lock(world.mutex);
  Context &context = *context_of(qp->context);
  Qp &self = *static_cast<Qp *>(qp);
  for (; request != nullptr; request = request->next) {
    int error = world.failure_of("ibv_post_recv", context);
    if (error == 0) error = refusal(self, *request);
    if (error != 0) {
      context.device->counters.add(Count::kRefusedReceives);
      *bad = request;
      return error;
    }
    context.device->counters.add(Count::kPostedReceives);
    take(self, *request);
    if (self.flood) receive(*context.device, *self.flood, now_ns());
  }
  return 0;
}

}  // namespace fake_verbs
