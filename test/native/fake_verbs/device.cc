#include "device.h"

#include <cstdio>
#include <cstring>

#include "headers.h"

namespace fake_verbs {

namespace {

// ::ffff:10.0.<generation>.<number>
ibv_gid ipv4_gid(unsigned generation, uint8_t number) {
  ibv_gid gid{};
  gid.raw[10] = gid.raw[11] = 0xff;
  gid.raw[12] = 10;
  gid.raw[14] = static_cast<uint8_t>(generation);
  gid.raw[15] = number;
  return gid;
}

// fd00::<generation>:<number>
ibv_gid ipv6_gid(unsigned generation, uint8_t number) {
  ibv_gid gid{};
  gid.raw[0] = 0xfd;
  gid.raw[13] = static_cast<uint8_t>(generation);
  gid.raw[15] = number;
  return gid;
}

// fe80::... of the port's GUID.
ibv_gid link_local_gid(unsigned generation, uint8_t number) {
  ibv_gid gid{};
  gid.raw[0] = 0xfe;
  gid.raw[1] = 0x80;
  gid.raw[8] = 0x02;
  gid.raw[11] = 0xff;
  gid.raw[12] = 0xfe;
  gid.raw[14] = static_cast<uint8_t>(generation);
  gid.raw[15] = number;
  return gid;
}

}  // namespace

bool GidEntry::empty() const { return is_zero(gid); }

Device::Device(unsigned number_, const Settings &settings_)
    : number(number_),
      settings(settings_),
      clock(number_),
      random(settings_.seed * 1'000'003 + number_),
      last_qpn_(16 + number_ * 0x1000) {
  verbs.node_type = IBV_NODE_CA;
  verbs.transport_type = IBV_TRANSPORT_IB;
  std::snprintf(verbs.name, sizeof verbs.name, "fake%u", number);
  std::snprintf(verbs.dev_name, sizeof verbs.dev_name, "uverbs_fake%u", number);
  std::snprintf(verbs.dev_path, sizeof verbs.dev_path, "/nonexistent/uverbs_fake%u", number);
  std::snprintf(verbs.ibdev_path, sizeof verbs.ibdev_path, "/nonexistent/fake%u", number);
  fill_gids();
}

void Device::come_back() {
  ++generation;
  last_qpn_ += 0x100;
  port_state = IBV_PORT_ACTIVE;
  present = true;
  fill_gids();
}

// As drivers fill it: every address once for each version of RoCE.
void Device::fill_gids() {
  const auto host = static_cast<uint8_t>(number + 1);
  const ibv_gid local = link_local_gid(generation, host);
  gids.fill({});
  if (is_infiniband()) {
    gids[0] = {local, IBV_GID_TYPE_IB};
    return;
  }
  const ibv_gid routed =
      settings.link == Link::kRoceIpv4 ? ipv4_gid(generation, host) : ipv6_gid(generation, host);
  gids[0] = {local, IBV_GID_TYPE_ROCE_V1};
  gids[1] = {local, IBV_GID_TYPE_ROCE_V2};
  gids[2] = {routed, IBV_GID_TYPE_ROCE_V1};
  gids[3] = {routed, IBV_GID_TYPE_ROCE_V2};
}

uint32_t Device::next_qpn() {
  if (settings.next_qpn != 0) {
    last_qpn_ = settings.next_qpn - 1;
    settings.next_qpn = 0;
  }
  while (qps.count(++last_qpn_) != 0) continue;
  return last_qpn_;
}

bool Device::has_gid(const ibv_gid &gid) const {
  for (const GidEntry &entry : gids) {
    if (!entry.empty() && std::memcmp(&entry.gid, &gid, sizeof gid) == 0) return true;
  }
  return false;
}

uint16_t Device::lid() const {
  if (!is_infiniband()) return 0;
  return settings.lid != 0 ? settings.lid : static_cast<uint16_t>(number + 1);
}

void Device::stamp(Completion &completion, int64_t time_ns) const {
  completion.time_ns = time_ns;
  completion.ticks = clock.ticks_at(settings, time_ns);
  completion.wall_clock_ns = clock.wall_clock_at(settings, time_ns);
}

}  // namespace fake_verbs
