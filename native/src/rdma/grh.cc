#include "rdma/grh.h"

#include <algorithm>

#include "base/bytes.h"

namespace weft {

namespace {

// IPv6 header, RFC 8200 3.
constexpr size_t kHopLimit = 7;
constexpr size_t kSource = 8;
constexpr size_t kDestination = 24;
constexpr uint32_t kFlowLabelMask = 0xf'ffff;

// IPv4 header, RFC 791 3.1: the last 20 bytes of the GRH.
constexpr size_t kIpv4Bytes = 20;
constexpr size_t kIpv4Offset = kGrhBytes - kIpv4Bytes;
constexpr size_t kIpv4Tos = 1;
constexpr size_t kIpv4Ttl = 8;
constexpr size_t kIpv4Source = 12;
constexpr size_t kIpv4Destination = 16;
constexpr uint8_t kIpv4WithoutOptions = 0x45;  // version 4, five words: RoCE v2 allows no options

// The ones' complement sum over a header with its checksum is all ones, RFC 1071.
bool checksum_holds(const uint8_t* ipv4) {
  uint32_t sum = 0;
  for (size_t i = 0; i < kIpv4Bytes; i += 2) sum += get_u16(ipv4 + i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum == 0xffff;
}

Gid gid_at(const uint8_t* from) {
  Gid gid;
  std::copy_n(from, gid.size(), gid.begin());
  return gid;
}

Grh from_ipv4(const uint8_t* header) {
  return {mapped_gid(header + kIpv4Source), mapped_gid(header + kIpv4Destination), 0, header[kIpv4Tos], header[kIpv4Ttl],
          true};
}

Grh from_ipv6(const uint8_t* header) {
  const uint32_t first_word = get_u32(header);
  return {gid_at(header + kSource), gid_at(header + kDestination), first_word & kFlowLabelMask,
          static_cast<uint8_t>(first_word >> 20), header[kHopLimit], false};
}

}  // namespace

std::optional<Grh> parse_grh(const uint8_t* grh) {
  const uint8_t* ipv4 = grh + kIpv4Offset;
  const bool ipv6_version = grh[0] >> 4 == 6;
  const bool ipv4_form = ipv4[0] == kIpv4WithoutOptions;
  if (ipv4_form && (!ipv6_version || checksum_holds(ipv4))) return from_ipv4(ipv4);
  if (ipv6_version) return from_ipv6(grh);
  return std::nullopt;
}

}  // namespace weft
