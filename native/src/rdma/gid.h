// The address of an RDMA port: 128 bits, written like an IPv6 address. On RoCE v2 it is the IP address of the network
// interface, IPv4 as ::ffff:a.b.c.d.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace weft {

using Gid = std::array<uint8_t, 16>;

// The four bytes at `ipv4` as a GID.
Gid mapped_gid(const uint8_t* ipv4);

bool is_ipv4_mapped(const Gid& gid);
// fe80::/10.
bool is_link_local(const Gid& gid);

std::string gid_text(const Gid& gid);

// `text`: an IPv6 literal, or an IPv4 literal, which means its mapped GID. Nothing when it is neither.
std::optional<Gid> parse_gid(const char* text);

}  // namespace weft
