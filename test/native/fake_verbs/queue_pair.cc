#include "queue_pair.h"

#include <cerrno>
#include <utility>

#include "completion_queue.h"
#include "world.h"

namespace fake_verbs {

namespace {

constexpr uint32_t kMaxSge = 4;

bool within_limits(const Device &device, const ibv_qp_cap &cap) {
  const Settings &settings = device.settings;
  return cap.max_send_wr <= settings.max_qp_wr && cap.max_recv_wr <= settings.max_qp_wr &&
         cap.max_send_sge <= kMaxSge && cap.max_recv_sge <= kMaxSge && cap.max_inline_data <= settings.max_inline;
}

// The transitions of a datagram queue pair and what each must be given (ibv_modify_qp(3)).
bool may_change(const Qp &qp, ibv_qp_state to, int mask) {
  constexpr int kInit = IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_QKEY;
  const int optional = IBV_QP_CUR_STATE | IBV_QP_QKEY | IBV_QP_PKEY_INDEX;
  const auto given = [mask](int required, int allowed) {
    return (mask & required) == required && (mask & ~(required | allowed)) == 0;
  };
  switch (to) {
    case IBV_QPS_RESET:
    case IBV_QPS_ERR:
      return given(IBV_QP_STATE, IBV_QP_CUR_STATE);
    case IBV_QPS_INIT:
      return qp.state == IBV_QPS_RESET && given(kInit, IBV_QP_CUR_STATE);
    case IBV_QPS_RTR:
      return qp.state == IBV_QPS_INIT && given(IBV_QP_STATE, optional);
    case IBV_QPS_RTS:
      if (qp.state == IBV_QPS_RTR) return given(IBV_QP_STATE | IBV_QP_SQ_PSN, IBV_QP_CUR_STATE | IBV_QP_QKEY);
      return (qp.state == IBV_QPS_SQE || qp.state == IBV_QPS_RTS) && given(IBV_QP_STATE, IBV_QP_CUR_STATE | IBV_QP_QKEY);
    default:
      return false;
  }
}

int apply(Qp &qp, const ibv_qp_attr &attributes, int mask) {
  const Device &device = *context_of(qp.context)->device;
  if ((mask & IBV_QP_PKEY_INDEX) &&
      (attributes.pkey_index >= kPkeys || device.pkeys[attributes.pkey_index] == 0)) {
    return EINVAL;
  }
  if ((mask & IBV_QP_PORT) && attributes.port_num != kPort) return EINVAL;
  if (mask & IBV_QP_PKEY_INDEX) qp.pkey_index = attributes.pkey_index;
  if (mask & IBV_QP_PORT) qp.port = attributes.port_num;
  if (mask & IBV_QP_QKEY) qp.qkey = attributes.qkey;
  return 0;
}

// All that it had to do is forgotten.
void reset(Qp &qp) {
  Device &device = *context_of(qp.context)->device;
  World::get().wire.forget(device, qp.qp_num);
  forget_completions(*cq_of(qp.send_cq), qp.qp_num);
  forget_completions(*cq_of(qp.recv_cq), qp.qp_num);
  qp.receives.clear();
  qp.unpolled_sends = qp.unpolled_receives = qp.unsignaled_sends = 0;
  qp.last_completion_ns = 0;
}

}  // namespace

void flush(Qp &qp, uint64_t wr_id, bool is_receive, uint32_t frees) {
  Completion completion;
  completion.wr_id = wr_id;
  completion.status = IBV_WC_WR_FLUSH_ERR;
  completion.qp_num = qp.qp_num;
  completion.is_receive = is_receive;
  completion.frees = frees;
  context_of(qp.context)->device->stamp(completion, now_ns());
  complete(*cq_of(is_receive ? qp.recv_cq : qp.send_cq), completion);
}

void enter_error(Qp &qp) {
  qp.state = IBV_QPS_ERR;
  for (const ReceiveRequest &request : qp.receives) flush(qp, request.wr_id, true, 1);
  qp.receives.clear();
}

void fail_send(Qp &qp, const std::optional<Completion> &completion, const Packet &packet, const Fate &fate) {
  // A failure completes even what did not ask for it.
  Completion failed = completion.value_or(Completion{});
  if (!completion) failed.frees = std::exchange(qp.unsignaled_sends, 0);
  failed.qp_num = qp.qp_num;
  failed.status = fate.status;
  context_of(qp.context)->device->stamp(failed, packet.sent_ns);
  complete(*cq_of(qp.send_cq), failed);
  if (!fate.keeps_state) qp.state = IBV_QPS_SQE;
}

}  // namespace fake_verbs

using namespace fake_verbs;

extern "C" {

ibv_qp *ibv_create_qp(ibv_pd *pd, ibv_qp_init_attr *attributes) {
  World &world = World::get();
  const Lock lock(world.mutex);
  Context &owner = *context_of(pd->context);
  const int error = world.failure_of("ibv_create_qp", owner);
  if (error != 0) return fail_with(error);
  if (attributes->qp_type != IBV_QPT_UD) return fail_with(EOPNOTSUPP);
  const bool has_queues = attributes->send_cq != nullptr && attributes->recv_cq != nullptr;
  if (!has_queues || attributes->srq != nullptr || !within_limits(*owner.device, attributes->cap)) {
    return fail_with(EINVAL);
  }
  auto qp = std::make_unique<Qp>();
  qp->context = pd->context;
  qp->qp_context = attributes->qp_context;
  qp->pd = pd;
  qp->send_cq = attributes->send_cq;
  qp->recv_cq = attributes->recv_cq;
  qp->handle = world.next_handle++;
  qp->qp_num = owner.device->next_qpn();
  qp->state = IBV_QPS_RESET;
  qp->qp_type = attributes->qp_type;
  qp->cap = attributes->cap;
  qp->signal_all = attributes->sq_sig_all != 0;
  ++static_cast<Pd *>(pd)->users;
  ++cq_of(qp->send_cq)->users;
  ++cq_of(qp->recv_cq)->users;
  owner.device->qps[qp->qp_num] = qp.get();
  return keep(owner.qps, std::move(qp));
}

int ibv_modify_qp(ibv_qp *qp, ibv_qp_attr *attributes, int mask) {
  World &world = World::get();
  const Lock lock(world.mutex);
  const int error = world.failure_of("ibv_modify_qp", *context_of(qp->context));
  if (error != 0) return error;
  Qp &self = *static_cast<Qp *>(qp);
  const ibv_qp_state to = (mask & IBV_QP_STATE) ? attributes->qp_state : qp->state;
  if ((mask & IBV_QP_STATE) && !may_change(self, to, mask)) return EINVAL;
  if ((mask & IBV_QP_CUR_STATE) && attributes->cur_qp_state != qp->state) return EINVAL;
  const int refused = apply(self, *attributes, mask);
  if (refused != 0) return refused;
  if (to == IBV_QPS_ERR && qp->state != IBV_QPS_ERR) enter_error(self);
  if (to == IBV_QPS_RESET) reset(self);
  qp->state = to;
  return 0;
}

int ibv_destroy_qp(ibv_qp *qp) {
  const Lock lock(World::get().mutex);
  Context &owner = *context_of(qp->context);
  if (owner.dead) return EIO;
  reset(*static_cast<Qp *>(qp));
  owner.device->qps.erase(qp->qp_num);
  --static_cast<Pd *>(qp->pd)->users;
  --cq_of(qp->send_cq)->users;
  --cq_of(qp->recv_cq)->users;
  owner.qps.erase(qp);
  return 0;
}

}  // extern "C"
