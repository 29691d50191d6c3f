#include "headers.h"

#include <algorithm>

namespace fake_verbs {

namespace {

constexpr size_t kIpv4Offset = 20;
constexpr size_t kIpv4Bytes = 20;
constexpr uint8_t kUdpProtocol = 17;
constexpr uint8_t kIbaTransport = 0x1b;  // next header of a packet that stays on InfiniBand
// After the IP header: UDP (RoCE), base and datagram transport headers, checksum.
constexpr size_t kUdpBytes = 8;
constexpr size_t kTransportBytes = 12 + 8 + 4;

void put16(uint8_t *to, uint32_t value) {
  to[0] = static_cast<uint8_t>(value >> 8);
  to[1] = static_cast<uint8_t>(value);
}

uint16_t internet_checksum(const uint8_t *bytes, size_t length) {
  uint32_t sum = 0;
  for (size_t i = 0; i < length; i += 2) sum += static_cast<uint32_t>(bytes[i]) << 8 | bytes[i + 1];
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

Headers ipv4(const Packet &packet) {
  Headers headers{};
  uint8_t *const ip = headers.data() + kIpv4Offset;
  ip[0] = 0x45;
  ip[1] = packet.traffic_class;
  put16(ip + 2, static_cast<uint32_t>(kIpv4Bytes + kUdpBytes + kTransportBytes + packet.payload.size()));
  ip[6] = 0x40;  // don't fragment
  ip[8] = packet.hop_limit;
  ip[9] = kUdpProtocol;
  std::copy_n(packet.sgid.raw + 12, 4, ip + 12);
  std::copy_n(packet.dgid.raw + 12, 4, ip + 16);
  put16(ip + 10, internet_checksum(ip, kIpv4Bytes));
  return headers;
}

}  // namespace

bool is_zero(const ibv_gid &gid) {
  return std::all_of(gid.raw, gid.raw + 16, [](uint8_t byte) { return byte == 0; });
}

bool is_ipv4(const ibv_gid &gid) {
  return std::all_of(gid.raw, gid.raw + 10, [](uint8_t byte) { return byte == 0; }) && gid.raw[10] == 0xff &&
         gid.raw[11] == 0xff;
}

Headers network_headers(const Packet &packet) {
  if (is_ipv4(packet.sgid) && is_ipv4(packet.dgid)) return ipv4(packet);
  const bool is_roce = packet.udp_source_port != 0;
  Headers headers{};
  const uint32_t first = 6u << 28 | static_cast<uint32_t>(packet.traffic_class) << 20 | packet.flow_label;
  put16(headers.data(), first >> 16);
  put16(headers.data() + 2, first);
  put16(headers.data() + 4, static_cast<uint32_t>((is_roce ? kUdpBytes : 0) + kTransportBytes + packet.payload.size()));
  headers[6] = is_roce ? kUdpProtocol : kIbaTransport;
  headers[7] = packet.hop_limit;
  std::copy_n(packet.sgid.raw, 16, headers.data() + 8);
  std::copy_n(packet.dgid.raw, 16, headers.data() + 24);
  return headers;
}

}  // namespace fake_verbs
