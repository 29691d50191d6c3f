// Asynchronous events of a context. All of it REQUIRES the world's lock.
#pragma once

#include <algorithm>

#include "objects.h"

namespace fake_verbs {

void raise_async_event(Context &context, const ibv_async_event &event);
// Of the port or the device, to all that have it open.
void raise_device_event(Device &device, ibv_event_type type);
// Of every completion queue.
void raise_queue_events(Device &device);
// The device's fatal error: its contexts are dead from now on.
void kill_contexts(Device &device);

// Drops events that nobody has read, of an object that is to be destroyed.
template <typename Predicate>
void forget_events(Context &context, Predicate is_its) {
  context.events.erase(std::remove_if(context.events.begin(), context.events.end(), is_its), context.events.end());
}

}  // namespace fake_verbs
