// Completion queues and the channels that tell of them. All of it REQUIRES the world's lock.
#pragma once

#include "objects.h"

namespace fake_verbs {

// Adds a completion, and an event if the queue is armed for it.
void complete(Cq &cq, const Completion &completion);
// An event on the queue's channel, if it has one, armed or not.
void raise_event(Cq &cq);
// Completions of a queue pair that is no more.
void forget_completions(Cq &cq, uint32_t qpn);

// ops.poll_cq and ops.req_notify_cq.
int poll_cq(ibv_cq *cq, int entries, ibv_wc *wcs);
int req_notify_cq(ibv_cq *cq, int solicited_only);
// verbs_context.create_cq_ex; in extended_cq.cc.
ibv_cq_ex *create_cq_ex(ibv_context *context, ibv_cq_init_attr_ex *attributes);

// The next completion of a queue that is polled, which frees its place; false when there is none.
bool take_completion(Cq &cq, Completion &completion);
// What the verbs that create queues have in common. Returns null and sets errno on failure.
Cq *make_cq(ibv_context *context, uint32_t cqe, void *cq_context, ibv_comp_channel *channel);

}  // namespace fake_verbs
