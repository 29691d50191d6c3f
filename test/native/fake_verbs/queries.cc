// What a device says of itself.
#include "queries.h"

#include <endian.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "world.h"

#undef ibv_query_port

namespace fake_verbs {

namespace {

constexpr uint8_t kLinkUp = 5;     // physical state; InfiniBand specification, PortInfo
constexpr uint8_t kPolling = 2;
constexpr uint8_t kWidth4x = 2;
constexpr uint8_t kSpeedEdr = 32;
constexpr int kMaxObjects = 1 << 16;

ibv_mtu mtu_of(uint32_t bytes) {
  switch (bytes) {
    case 256:
      return IBV_MTU_256;
    case 512:
      return IBV_MTU_512;
    case 1024:
      return IBV_MTU_1024;
    case 2048:
      return IBV_MTU_2048;
    default:
      return IBV_MTU_4096;
  }
}

ibv_port_attr port_attributes(const Device &device) {
  ibv_port_attr port{};
  const bool is_active = device.port_state == IBV_PORT_ACTIVE;
  port.state = device.port_state;
  port.max_mtu = IBV_MTU_4096;
  port.active_mtu = mtu_of(device.settings.mtu);
  port.gid_tbl_len = kGids;
  port.max_msg_sz = 1 << 30;
  port.pkey_tbl_len = kPkeys;
  port.lid = device.lid();
  port.sm_lid = device.is_infiniband() ? 1 : 0;
  port.max_vl_num = 1;
  port.active_width = kWidth4x;
  port.active_speed = kSpeedEdr;
  port.phys_state = is_active ? kLinkUp : kPolling;
  port.link_layer = device.is_infiniband() ? IBV_LINK_LAYER_INFINIBAND : IBV_LINK_LAYER_ETHERNET;
  return port;
}

ibv_device_attr device_attributes(const Device &device) {
  ibv_device_attr attributes{};
  std::strcpy(attributes.fw_ver, "1.0.0");
  attributes.node_guid = attributes.sys_image_guid = htobe64(0x0200'00ff'fe00'0000 + device.number + 1);
  attributes.vendor_id = device.settings.vendor_id;
  attributes.max_mr_size = ~uint64_t{0};
  attributes.page_size_cap = 0xffff'f000;
  attributes.max_qp = attributes.max_cq = attributes.max_mr = attributes.max_pd = attributes.max_ah = kMaxObjects;
  attributes.max_qp_wr = static_cast<int>(device.settings.max_qp_wr);
  attributes.max_sge = 4;
  attributes.max_cqe = static_cast<int>(device.settings.max_cqe);
  attributes.max_pkeys = kPkeys;
  attributes.phys_port_cnt = 1;
  return attributes;
}

// An errno, or 0 with the port's attributes.
int read_port(const char *call, ibv_context *context, uint8_t port, ibv_port_attr &attributes) {
  World &world = World::get();
  const Lock lock(world.mutex);
  const int error = world.failure_of(call, *context_of(context));
  if (error != 0) return error;
  if (port != kPort) return EINVAL;
  attributes = port_attributes(*context_of(context)->device);
  return 0;
}

}  // namespace

int query_port(ibv_context *context, uint8_t port, ibv_port_attr *attributes, size_t size) {
  ibv_port_attr all{};
  const int error = read_port("ibv_query_port", context, port, all);
  if (error == 0) std::memcpy(attributes, &all, std::min(size, sizeof all));
  return error;
}

int query_device_ex(ibv_context *context, const ibv_query_device_ex_input *, ibv_device_attr_ex *attributes,
                    size_t size) {
  World &world = World::get();
  const Lock lock(world.mutex);
  const Context &owner = *context_of(context);
  const int error = world.failure_of("ibv_query_device_ex", owner);
  if (error != 0) return error;
  const Settings &settings = owner.device->settings;
  ibv_device_attr_ex all{};
  all.orig_attr = device_attributes(*owner.device);
  all.phys_port_cnt_ex = 1;
  if (settings.clock != ClockKind::kNone) {
    all.completion_timestamp_mask = clock_mask(settings);
    all.hca_core_clock = settings.clock_hz / 1000;  // kHz
  }
  std::memcpy(attributes, &all, std::min(size, sizeof all));
  return 0;
}

// As mlx5 does: the counter itself, in tv_nsec.
int query_rt_values(ibv_context *context, ibv_values_ex *values) {
  World &world = World::get();
  const Lock lock(world.mutex);
  const Context &owner = *context_of(context);
  const int error = world.failure_of("ibv_query_rt_values_ex", owner);
  if (error != 0) return error;
  const Device &device = *owner.device;
  if (device.settings.clock == ClockKind::kNone) return EOPNOTSUPP;
  const bool asked = (values->comp_mask & IBV_VALUES_MASK_RAW_CLOCK) != 0;
  values->comp_mask = asked ? uint32_t{IBV_VALUES_MASK_RAW_CLOCK} : 0;
  if (asked) values->raw_clock = {0, static_cast<long>(device.clock.ticks_at(device.settings, now_ns()))};
  return 0;
}

}  // namespace fake_verbs

using namespace fake_verbs;

extern "C" {

int ibv_query_port(ibv_context *context, uint8_t port, _compat_ibv_port_attr *attributes) {
  ibv_port_attr all{};
  const int error = read_port("ibv_query_port", context, port, all);
  // The old structure ends before the fields that came later, `flags` the first of them.
  if (error == 0) std::memcpy(attributes, &all, offsetof(ibv_port_attr, flags));
  return error;
}

int ibv_query_gid(ibv_context *context, uint8_t port, int index, ibv_gid *gid) {
  World &world = World::get();
  const Lock lock(world.mutex);
  const Context &owner = *context_of(context);
  const int error = world.failure_of("ibv_query_gid", owner);
  const bool exists = port == kPort && index >= 0 && index < static_cast<int>(kGids);
  if (error != 0 || !exists) {
    errno = error != 0 ? error : EINVAL;
    return -1;
  }
  *gid = owner.device->gids[static_cast<size_t>(index)].gid;
  return 0;
}

int _ibv_query_gid_ex(ibv_context *context, uint32_t port, uint32_t index, ibv_gid_entry *entry, uint32_t flags,
                      size_t size) {
  World &world = World::get();
  const Lock lock(world.mutex);
  const Context &owner = *context_of(context);
  const int error = world.failure_of("ibv_query_gid_ex", owner);
  if (error != 0) return error;
  if (port != kPort || index >= kGids || flags != 0) return EINVAL;
  const GidEntry &found = owner.device->gids[index];
  if (found.empty()) return ENODATA;
  ibv_gid_entry all{};
  all.gid = found.gid;
  all.gid_index = index;
  all.port_num = port;
  all.gid_type = found.type;
  all.ndev_ifindex = owner.device->is_infiniband() ? 0 : owner.device->settings.ifindex;
  std::memcpy(entry, &all, std::min(size, sizeof all));
  return 0;
}

int ibv_query_pkey(ibv_context *context, uint8_t port, int index, __be16 *pkey) {
  World &world = World::get();
  const Lock lock(world.mutex);
  const Context &owner = *context_of(context);
  const int error = world.failure_of("ibv_query_pkey", owner);
  const bool exists = port == kPort && index >= 0 && index < static_cast<int>(kPkeys);
  if (error != 0 || !exists) {
    errno = error != 0 ? error : EINVAL;
    return -1;
  }
  *pkey = htobe16(owner.device->pkeys[static_cast<size_t>(index)]);
  return 0;
}

}  // extern "C"
