// Datagram queue pairs. All of it REQUIRES the world's lock.
#pragma once

#include <optional>

#include "faults.h"
#include "objects.h"

namespace fake_verbs {

// A send that failed: it completes with the fate's status, and the queue pair takes no more (state SQE).
void fail_send(Qp &qp, const std::optional<Completion> &completion, const Packet &packet, const Fate &fate);
// State ERR: what is posted completes as flushed.
void enter_error(Qp &qp);
// A request that a queue pair in an error state takes and never carries out.
void flush(Qp &qp, uint64_t wr_id, bool is_receive, uint32_t frees);

// ops.post_send and ops.post_recv; in post.cc.
int post_send(ibv_qp *qp, ibv_send_wr *request, ibv_send_wr **bad);
int post_recv(ibv_qp *qp, ibv_recv_wr *request, ibv_recv_wr **bad);

}  // namespace fake_verbs
