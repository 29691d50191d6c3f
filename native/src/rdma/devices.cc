// What `weft devices` shows: every device with its ports and GIDs, without opening more than its context.
#include <net/if.h>

#include <cstring>

#include "rdma/completion_queue.h"
#include "rdma/gid_table.h"
#include "rdma/rdma.h"
#include "rdma/ud_port.h"

namespace weft {

namespace {

constexpr uint32_t kSmallestMtu = 128;

const char* state_name(ibv_port_state state) {
  switch (state) {
    case IBV_PORT_DOWN:
      return "PORT_DOWN";
    case IBV_PORT_INIT:
      return "PORT_INIT";
    case IBV_PORT_ARMED:
      return "PORT_ARMED";
    case IBV_PORT_ACTIVE:
      return "PORT_ACTIVE";
    case IBV_PORT_ACTIVE_DEFER:
      return "PORT_ACTIVE_DEFER";
    default:
      return "PORT_NOP";
  }
}

std::string interface_name(uint32_t index) {
  char name[IF_NAMESIZE];
  return index != 0 && if_indextoname(index, name) != nullptr ? name : "";
}

PortInfo port_info(const Verbs& verbs, ibv_context* context, uint8_t number) {
  PortInfo info;
  info.number = number;
  ibv_port_attr attributes;
  if (verbs.query_port(context, number, &attributes) != 0) return info;
  info.state = state_name(attributes.state);
  info.link = attributes.link_layer == IBV_LINK_LAYER_INFINIBAND ? RdmaLink::kInfiniband : RdmaLink::kRoce;
  info.mtu = kSmallestMtu << attributes.active_mtu;
  info.lid = attributes.lid;
  const std::vector<GidEntry> gids = read_gids(verbs, context, number, attributes.gid_tbl_len);
  const auto preferred = preferred_gid(gids, info.link);
  for (const GidEntry& entry : gids) {
    info.gids.push_back({entry.index, gid_text(entry.gid), entry.type, interface_name(entry.interface_index),
                         preferred && preferred->index == entry.index});
  }
  return info;
}

// What the device can do shows when it is done: a queue with wall-clock stamps, with ticks, or with none.
CompletionStamps stamps_of(const Verbs& verbs, ibv_context* context) {
  auto queue = CompletionQueue::create(verbs, context, {1, 1});
  return queue.ok() ? queue.value()->stamps() : CompletionStamps::kNone;
}

DeviceInfo device_info(const Verbs& verbs, ibv_device* device) {
  DeviceInfo info;
  info.name = verbs.get_device_name(device);
  info.soft = ignores_flow_labels(info.name);
  errno = 0;
  const auto context = own(verbs.open_device(device), verbs.close_device);
  if (!context) {
    info.problem = std::string("ibv_open_device: ") + std::strerror(verbs_error("").code);
    return info;
  }
  info.stamps = stamps_of(verbs, context.get());
  ibv_device_attr_ex attributes;
  if (const int failed = verbs.query_device_ex(context.get(), &attributes); failed != 0) {
    info.problem = std::string("ibv_query_device_ex: ") + std::strerror(verbs_error("", failed).code);
    return info;
  }
  info.clock_khz = attributes.hca_core_clock;
  for (uint32_t port = 1; port <= attributes.orig_attr.phys_port_cnt; ++port) {
    info.ports.push_back(port_info(verbs, context.get(), static_cast<uint8_t>(port)));
  }
  return info;
}

}  // namespace

Result<std::vector<DeviceInfo>> list_rdma_devices() {
  auto loaded = load_verbs();
  if (!loaded.ok()) return loaded.error();
  const Verbs& verbs = *loaded.value();
  errno = 0;
  int count = 0;
  ibv_device** list = verbs.get_device_list(&count);
  if (list == nullptr) return verbs_error("ibv_get_device_list");
  std::vector<DeviceInfo> devices;
  for (int i = 0; i < count; ++i) devices.push_back(device_info(verbs, list[i]));
  verbs.free_device_list(list);
  return devices;
}

}  // namespace weft
