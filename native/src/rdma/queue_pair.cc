#include "rdma/queue_pair.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace weft {

namespace {

constexpr int kReceiveParts = 2;  // a slot of its own, and the overflow that all share

Status modified(const Verbs& verbs, ibv_qp* qp, ibv_qp_attr& attributes, int mask) {
  errno = 0;
  const int failed = verbs.modify_qp(qp, &attributes, mask);
  if (failed != 0) return verbs_error("ibv_modify_qp", failed);
  return Done{};
}

}  // namespace

QueuePair::QueuePair(const Verbs& verbs, const QueuePairConfig& config)
    : verbs_(verbs), config_(config), posted_in_pass_(config.receive_slots) {
  free_sends_.reserve(config.send_slots);
  for (uint32_t slot = config.send_slots; slot > 0; --slot) free_sends_.push_back(slot - 1);
}

Result<std::unique_ptr<QueuePair>> QueuePair::create(const Verbs& verbs, ibv_pd* pd, const QueuePairQueues& queues,
                                                     const QueuePairConfig& config) {
  std::unique_ptr<QueuePair> made(new QueuePair(verbs, config));
  if (const Status created = made->create_queue_pair(pd, queues); !created.ok()) return created.error();
  if (const Status ready = made->make_ready(); !ready.ok()) return ready.error();
  return made;
}

Status QueuePair::create_queue_pair(ibv_pd* pd, const QueuePairQueues& queues) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t slots = size_t{config_.receive_slots} + config_.send_slots;
  const size_t bytes = (slots * kSlotBytes + kOverflowBytes + page - 1) / page * page;
  memory_.reset(static_cast<uint8_t*>(std::aligned_alloc(page, bytes)));
  if (!memory_) return Error{ENOMEM, "aligned_alloc"};
  std::memset(memory_.get(), 0, bytes);
  errno = 0;
  region_ = own(verbs_.reg_mr(pd, memory_.get(), bytes, IBV_ACCESS_LOCAL_WRITE), verbs_.dereg_mr);
  if (!region_) return verbs_error("ibv_reg_mr");

  ibv_qp_init_attr attributes{};
  attributes.send_cq = queues.sent;
  attributes.recv_cq = queues.received;
  attributes.qp_type = IBV_QPT_UD;
  attributes.sq_sig_all = 1;
  attributes.cap.max_send_wr = config_.send_slots;
  attributes.cap.max_recv_wr = config_.receive_slots;
  attributes.cap.max_send_sge = 1;
  attributes.cap.max_recv_sge = kReceiveParts;
  attributes.cap.max_inline_data = kPayloadBytes;
  errno = 0;
  qp_ = own(verbs_.create_qp(pd, &attributes), verbs_.destroy_qp);
  if (!qp_) {
    // Some drivers have no inline sends.
    attributes.cap.max_inline_data = 0;
    errno = 0;
    qp_ = own(verbs_.create_qp(pd, &attributes), verbs_.destroy_qp);
  }
  if (!qp_) return verbs_error("ibv_create_qp");
  inline_sends_ = attributes.cap.max_inline_data >= kPayloadBytes;
  return Done{};
}

Status QueuePair::make_ready() {
  ibv_qp_attr initial{};
  initial.qp_state = IBV_QPS_INIT;
  initial.pkey_index = config_.pkey_index;
  initial.port_num = config_.port;
  initial.qkey = config_.qkey;
  if (const Status status =
          modified(verbs_, qp_.get(), initial, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_QKEY);
      !status.ok()) {
    return status;
  }
  // Before the queue pair is ready to receive, so that it never is without a buffer.
  for (uint32_t slot = 0; slot < config_.receive_slots; ++slot) {
    if (const Status posted = post_receive(slot); !posted.ok()) return posted;
  }
  ibv_qp_attr receiving{};
  receiving.qp_state = IBV_QPS_RTR;
  if (const Status status = modified(verbs_, qp_.get(), receiving, IBV_QP_STATE); !status.ok()) return status;
  ibv_qp_attr sending{};
  sending.qp_state = IBV_QPS_RTS;
  sending.sq_psn = 0;
  return modified(verbs_, qp_.get(), sending, IBV_QP_STATE | IBV_QP_SQ_PSN);
}

Status QueuePair::resume_sending() {
  ibv_qp_attr attributes{};
  attributes.qp_state = IBV_QPS_RTS;
  return modified(verbs_, qp_.get(), attributes, IBV_QP_STATE);
}

uint32_t QueuePair::take_send_slot() {
  if (free_sends_.empty()) return kNone;
  const uint32_t slot = free_sends_.back();
  free_sends_.pop_back();
  return slot;
}

Status QueuePair::send(uint32_t slot, const Payload& payload, ibv_ah* to, uint32_t to_qpn) {
  uint8_t* buffer = send_buffer(slot);
  encode(payload, buffer);
  ibv_sge part{reinterpret_cast<uintptr_t>(buffer), kPayloadBytes, region_->lkey};
  ibv_send_wr request{};
  request.wr_id = WorkId{config_.index, false, slot}.encoded();
  request.sg_list = &part;
  request.num_sge = 1;
  request.opcode = IBV_WR_SEND;
  request.send_flags = IBV_SEND_SIGNALED | (inline_sends_ ? IBV_SEND_INLINE : 0);
  request.wr.ud.ah = to;
  request.wr.ud.remote_qpn = to_qpn;
  request.wr.ud.remote_qkey = config_.qkey;
  ibv_send_wr* refused = nullptr;
  errno = 0;
  const int failed = ibv_post_send(qp_.get(), &request, &refused);
  if (failed != 0) return verbs_error("ibv_post_send", failed);
  return Done{};
}

Bytes QueuePair::payload(uint32_t slot, uint32_t received_bytes) const {
  // A UD receive counts the room of the GRH, whether there is one or not.
  if (received_bytes < kGrhBytes || received_bytes > kSlotBytes) return {};
  return {receive_buffer(slot) + kGrhBytes, received_bytes - kGrhBytes};
}

Status QueuePair::post_receive(uint32_t slot) {
  ibv_sge parts[kReceiveParts] = {{reinterpret_cast<uintptr_t>(receive_buffer(slot)), kSlotBytes, region_->lkey},
                                  {reinterpret_cast<uintptr_t>(overflow()), kOverflowBytes, region_->lkey}};
  ibv_recv_wr request{};
  request.wr_id = WorkId{config_.index, true, slot}.encoded();
  request.sg_list = parts;
  request.num_sge = kReceiveParts;
  ibv_recv_wr* refused = nullptr;
  errno = 0;
  const int failed = ibv_post_recv(qp_.get(), &request, &refused);
  if (failed != 0) return verbs_error("ibv_post_recv", failed);
  posted_in_pass_[slot] = pass_;
  return Done{};
}

void QueuePair::begin_pass() {
  ++pass_;
  left_of_pass_ = config_.receive_slots;
}

bool QueuePair::used_up(uint32_t slot) {
  return posted_in_pass_[slot] != pass_ && left_of_pass_ > 0 && --left_of_pass_ == 0;
}

}  // namespace weft
