#include "completion_queue.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "async_events.h"
#include "event_fd.h"
#include "receive.h"
#include "world.h"

namespace fake_verbs {

namespace {

// A failed completion has a request, a status and a queue pair; the rest is not defined (ibv_poll_cq(3)).
constexpr uint32_t kUndefined = 0xdead'beef;

ibv_wc classic_wc(const Completion &completion) {
  ibv_wc wc{};
  const bool good = completion.status == IBV_WC_SUCCESS;
  wc.wr_id = completion.wr_id;
  wc.status = completion.status;
  wc.qp_num = completion.qp_num;
  wc.opcode = good ? completion.opcode : IBV_WC_DRIVER3;
  wc.byte_len = good ? completion.byte_len : kUndefined;
  wc.src_qp = good ? completion.src_qp : kUndefined;
  wc.wc_flags = good ? completion.wc_flags : 0;
  wc.slid = completion.slid;
  wc.sl = completion.sl;
  return wc;
}

}  // namespace

void complete(Cq &cq, const Completion &completion) {
  Device &device = *context_of(cq.context)->device;
  if (cq.broken) return;
  if (cq.completions.size() >= static_cast<size_t>(cq.cqe)) {
    cq.broken = true;
    device.counters.add(Count::kCqOverruns);
    ibv_async_event event{};
    event.event_type = IBV_EVENT_CQ_ERR;
    event.element.cq = cq.classic();
    raise_async_event(*context_of(cq.context), event);
    return;
  }
  const bool failed = completion.status != IBV_WC_SUCCESS;
  if (failed) device.counters.add(Count::kErrorCompletions);
  cq.completions.push_back(completion);
  if (!cq.armed || (cq.solicited_only && !completion.solicited && !failed)) return;
  cq.armed = false;
  raise_event(cq);
}

void raise_event(Cq &cq) {
  if (cq.channel == nullptr) return;
  context_of(cq.context)->device->counters.add(Count::kCqEvents);
  static_cast<Channel *>(cq.channel)->events.push_back(&cq);
  signal_event(cq.channel->fd);
}

void forget_completions(Cq &cq, uint32_t qpn) {
  const auto is_its = [qpn](const Completion &completion) { return completion.qp_num == qpn; };
  cq.completions.erase(std::remove_if(cq.completions.begin(), cq.completions.end(), is_its), cq.completions.end());
}

bool take_completion(Cq &cq, Completion &completion) {
  Device &device = *context_of(cq.context)->device;
  World::get().wire.advance();
  if (cq.completions.empty()) return false;
  completion = cq.completions.front();
  cq.completions.pop_front();
  const auto qp = device.qps.find(completion.qp_num);
  if (qp != device.qps.end()) {
    (completion.is_receive ? qp->second->unpolled_receives : qp->second->unpolled_sends) -= completion.frees;
  }
  return true;
}

int poll_cq(ibv_cq *cq, int entries, ibv_wc *wcs) {
  const Lock lock(World::get().mutex);
  Context &context = *context_of(cq->context);
  if (World::get().failure_of("ibv_poll_cq", context) != 0) return -1;
  if (cq_of(cq)->polling) context.device->counters.add(Count::kMisuse);
  int count = 0;
  for (Completion completion; count < entries && take_completion(*cq_of(cq), completion);) {
    wcs[count++] = classic_wc(completion);
  }
  return count;
}

// As the specification has it, and some drivers: what is in the queue already raises no event.
int req_notify_cq(ibv_cq *cq, int solicited_only) {
  World &world = World::get();
  const Lock lock(world.mutex);
  const int error = world.failure_of("ibv_req_notify_cq", *context_of(cq->context));
  if (error != 0) return error;
  Cq &queue = *cq_of(cq);
  const bool was_armed = std::exchange(queue.armed, false);
  receive_before_arming(queue);
  // Armed for all stays armed for all.
  queue.solicited_only = solicited_only != 0 && (!was_armed || queue.solicited_only);
  queue.armed = true;
  return 0;
}

Cq *make_cq(ibv_context *context, uint32_t cqe, void *cq_context, ibv_comp_channel *channel) {
  World &world = World::get();
  Context &owner = *context_of(context);
  if (cqe == 0 || cqe > owner.device->settings.max_cqe) return fail_with(EINVAL);
  auto cq = std::make_unique<Cq>();
  cq->context = context;
  cq->channel = channel;
  cq->cq_context = cq_context;
  cq->cqe = static_cast<int>(cqe);
  cq->handle = world.next_handle++;
  if (channel != nullptr) ++channel->refcnt;
  return keep(owner.cqs, std::move(cq));
}

}  // namespace fake_verbs

using namespace fake_verbs;

extern "C" {

ibv_comp_channel *ibv_create_comp_channel(ibv_context *context) {
  World &world = World::get();
  const Lock lock(world.mutex);
  Context &owner = *context_of(context);
  const int error = world.failure_of("ibv_create_comp_channel", owner);
  if (error != 0) return fail_with(error);
  auto channel = std::make_unique<Channel>();
  channel->context = context;
  channel->fd = make_event_fd();
  if (channel->fd < 0) return nullptr;
  return keep(owner.channels, std::move(channel));
}

int ibv_destroy_comp_channel(ibv_comp_channel *channel) {
  const Lock lock(World::get().mutex);
  Context &owner = *context_of(channel->context);
  if (owner.dead) return EIO;
  if (channel->refcnt > 0) {
    owner.device->counters.add(Count::kBusy);
    return EBUSY;
  }
  close_event_fd(channel->fd);
  owner.channels.erase(channel);
  return 0;
}

ibv_cq *ibv_create_cq(ibv_context *context, int cqe, void *cq_context, ibv_comp_channel *channel, int comp_vector) {
  World &world = World::get();
  const Lock lock(world.mutex);
  const int error = world.failure_of("ibv_create_cq", *context_of(context));
  if (error != 0) return fail_with(error);
  if (cqe <= 0 || comp_vector < 0 || comp_vector >= context->num_comp_vectors) return fail_with(EINVAL);
  Cq *const cq = make_cq(context, static_cast<uint32_t>(cqe), cq_context, channel);
  return cq == nullptr ? nullptr : cq->classic();
}

int ibv_destroy_cq(ibv_cq *cq) {
  World &world = World::get();
  Lock lock(world.mutex);
  Context &owner = *context_of(cq->context);
  if (owner.dead) return EIO;
  Cq &queue = *cq_of(cq);
  if (queue.users > 0) {
    owner.device->counters.add(Count::kBusy);
    return EBUSY;
  }
  forget_events(owner, [cq](const ibv_async_event &event) {
    return event.event_type == IBV_EVENT_CQ_ERR && event.element.cq == cq;
  });
  if (cq->channel != nullptr) {
    auto &events = static_cast<Channel *>(cq->channel)->events;
    events.erase(std::remove(events.begin(), events.end(), &queue), events.end());
  }
  // ibv_destroy_cq(3): waits until every event that was read is acknowledged.
  const auto all_acknowledged = [&] {
    return queue.comp_events_completed == queue.events_read && queue.async_events_completed == queue.async_events_read;
  };
  if (!all_acknowledged()) owner.device->counters.add(Count::kBlocked);
  world.acknowledged.wait(lock, all_acknowledged);
  if (cq->channel != nullptr) --cq->channel->refcnt;
  owner.cqs.erase(&queue);
  return 0;
}

int ibv_get_cq_event(ibv_comp_channel *channel, ibv_cq **cq, void **cq_context) {
  // Events of a queue that was destroyed leave a count without an event.
  while (wait_event(channel->fd)) {
    const Lock lock(World::get().mutex);
    if (context_of(channel->context)->dead) {
      errno = EIO;
      return -1;
    }
    auto &events = static_cast<Channel *>(channel)->events;
    if (events.empty()) continue;
    Cq &queue = *events.front();
    events.pop_front();
    ++queue.events_read;
    *cq = queue.classic();
    *cq_context = queue.cq_context;
    return 0;
  }
  return -1;
}

void ibv_ack_cq_events(ibv_cq *cq, unsigned events) {
  World &world = World::get();
  const Lock lock(world.mutex);
  cq->comp_events_completed += events;
  if (cq->comp_events_completed > cq_of(cq)->events_read) {
    context_of(cq->context)->device->counters.add(Count::kMisuse);
  }
  world.acknowledged.notify_all();
}

}  // extern "C"
