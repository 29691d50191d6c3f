#include "rdma/port_events.h"

#include <cerrno>

namespace weft {

namespace {

struct Meaning {
  PortEvent event;
  const char* name;
};

Meaning meaning_of(ibv_event_type type) {
  switch (type) {
    case IBV_EVENT_PORT_ERR:
      return {PortEvent::kDown, "the port went down"};
    case IBV_EVENT_PORT_ACTIVE:
      return {PortEvent::kUp, "the port is active"};
    case IBV_EVENT_GID_CHANGE:
      return {PortEvent::kAddresses, "the GIDs have changed"};
    case IBV_EVENT_LID_CHANGE:
      return {PortEvent::kAddresses, "the LID has changed"};
    case IBV_EVENT_PKEY_CHANGE:
      return {PortEvent::kAddresses, "the partition keys have changed"};
    case IBV_EVENT_CLIENT_REREGISTER:
      return {PortEvent::kAddresses, "the subnet manager asks for registration"};
    case IBV_EVENT_DEVICE_FATAL:
      return {PortEvent::kFatal, "the device failed or was removed"};
    case IBV_EVENT_CQ_ERR:
      return {PortEvent::kFatal, "the completion queue failed"};
    case IBV_EVENT_QP_FATAL:
    case IBV_EVENT_QP_REQ_ERR:
    case IBV_EVENT_QP_ACCESS_ERR:
    case IBV_EVENT_WQ_FATAL:
      return {PortEvent::kFatal, "a queue pair failed"};
    default:
      return {PortEvent::kNone, ""};
  }
}

bool is_of_port(ibv_event_type type) {
  switch (type) {
    case IBV_EVENT_PORT_ERR:
    case IBV_EVENT_PORT_ACTIVE:
    case IBV_EVENT_GID_CHANGE:
    case IBV_EVENT_LID_CHANGE:
    case IBV_EVENT_PKEY_CHANGE:
    case IBV_EVENT_CLIENT_REREGISTER:
      return true;
    default:
      return false;
  }
}

}  // namespace

PortEvent next_port_event(const Verbs& verbs, ibv_context* context, uint8_t port, const char*& name) {
  ibv_async_event event;
  errno = 0;
  while (verbs.get_async_event(context, &event) == 0) {
    const Meaning meaning = meaning_of(event.event_type);
    const bool others = is_of_port(event.event_type) && event.element.port_num != port;
    verbs.ack_async_event(&event);
    name = meaning.name;
    if (!others && meaning.event != PortEvent::kNone) return meaning.event;
    errno = 0;
  }
  // The kernel has taken the device away. The descriptor stays readable: if nobody heard it, nobody would sleep again.
  if (errno != EIO) return PortEvent::kNone;
  name = "the device tells nothing any more";
  return PortEvent::kFatal;
}

}  // namespace weft
