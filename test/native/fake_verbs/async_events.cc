#include "async_events.h"

#include <cerrno>

#include "event_fd.h"
#include "world.h"

namespace fake_verbs {

void raise_async_event(Context &context, const ibv_async_event &event) {
  context.device->counters.add(Count::kAsyncEvents);
  context.events.push_back(event);
  signal_event(context.context.async_fd);
}

void raise_device_event(Device &device, ibv_event_type type) {
  ibv_async_event event{};
  event.event_type = type;
  event.element.port_num = kPort;
  for (Context *const context : device.contexts) {
    if (!context->dead) raise_async_event(*context, event);
  }
}

void raise_queue_events(Device &device) {
  for (Context *const context : device.contexts) {
    for (const auto &[key, cq] : context->cqs) {
      ibv_async_event event{};
      event.event_type = IBV_EVENT_CQ_ERR;
      event.element.cq = cq->classic();
      raise_async_event(*context, event);
    }
  }
}

// Whoever sleeps on a channel wakes up and learns it.
void kill_contexts(Device &device) {
  raise_device_event(device, IBV_EVENT_DEVICE_FATAL);
  for (Context *const context : device.contexts) {
    if (context->dead) continue;
    context->dead = true;
    for (const auto &channel : context->channels) signal_event(channel.second->fd);
    for (const auto &qp : context->qps) device.qps.erase(qp.second->qp_num);
  }
}

}  // namespace fake_verbs

using namespace fake_verbs;

extern "C" {

int ibv_get_async_event(ibv_context *context, ibv_async_event *event) {
  while (wait_event(context->async_fd)) {
    const Lock lock(World::get().mutex);
    auto &events = context_of(context)->events;
    if (events.empty()) continue;
    errno = World::get().planned_failure("ibv_get_async_event", context_of(context)->device);
    if (errno != 0) return -1;
    *event = events.front();
    events.pop_front();
    if (event->event_type == IBV_EVENT_CQ_ERR) ++cq_of(event->element.cq)->async_events_read;
    return 0;
  }
  return -1;
}

void ibv_ack_async_event(ibv_async_event *event) {
  World &world = World::get();
  const Lock lock(world.mutex);
  if (event->event_type == IBV_EVENT_CQ_ERR) ++event->element.cq->async_events_completed;
  world.acknowledged.notify_all();
}

}  // extern "C"
