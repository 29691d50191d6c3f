// What the device tells of itself, asynchronously.
#pragma once

#include "rdma/verbs.h"

namespace weft {

enum class PortEvent : uint8_t { kNone, kDown, kUp, kAddresses, kFatal };

// The next event of the context that concerns `port`; kNone: there is none; kFatal also when there never will be another.
// `name` is for people. Never blocks: the context's descriptor must not.
PortEvent next_port_event(const Verbs& verbs, ibv_context* context, uint8_t port, const char*& name);

}  // namespace weft
