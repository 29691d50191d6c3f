// A packet at its destination: checks, header, receive queue.
#pragma once

#include "faults.h"

namespace fake_verbs {

struct Device;

// REQUIRES: the world's lock.
void receive(Device &receiver, const Packet &packet, int64_t time_ns);

}  // namespace fake_verbs
