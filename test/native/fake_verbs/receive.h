// A packet at its destination: checks, header, receive queue.
#pragma once

#include "faults.h"

namespace fake_verbs {

struct Cq;
struct Device;

// REQUIRES: the world's lock.
void receive(Device &receiver, const Packet &packet, int64_t time_ns);
// What the fault `before_arming` holds for this queue arrives.
void receive_before_arming(Cq &cq);

}  // namespace fake_verbs
