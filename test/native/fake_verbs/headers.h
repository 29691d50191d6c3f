// The 40 bytes in front of a received payload. Pure functions.
#pragma once

#include <array>
#include <cstdint>

#include "faults.h"

namespace fake_verbs {

constexpr uint32_t kGrhBytes = 40;
using Headers = std::array<uint8_t, kGrhBytes>;

// An empty entry of a GID table.
bool is_zero(const ibv_gid &gid);
// Whether the GID is an IPv4 address: ::ffff:a.b.c.d.
bool is_ipv4(const ibv_gid &gid);

// The global route header of InfiniBand and of RoCE between IPv6 addresses; between IPv4 addresses 20 bytes of zero and
// the IPv4 header (InfiniBand specification, annex A17, figure "GRH for RoCE v2 with IPv4").
Headers network_headers(const Packet &packet);

}  // namespace fake_verbs
