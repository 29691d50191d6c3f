#include "rdma/gid.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <iterator>

namespace weft {

Gid mapped_gid(const uint8_t* ipv4) {
  Gid gid{};
  gid[10] = gid[11] = 0xff;
  std::copy_n(ipv4, sizeof(in_addr), gid.begin() + 12);
  return gid;
}

bool is_ipv4_mapped(const Gid& gid) {
  constexpr uint8_t kPrefix[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::equal(std::begin(kPrefix), std::end(kPrefix), gid.begin());
}

bool is_link_local(const Gid& gid) { return gid[0] == 0xfe && (gid[1] & 0xc0) == 0x80; }

std::string gid_text(const Gid& gid) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, gid.data(), text, sizeof text);  // fails for want of room only
}

std::optional<Gid> parse_gid(const char* text) {
  Gid gid;
  if (inet_pton(AF_INET6, text, gid.data()) == 1) return gid;
  uint8_t ipv4[sizeof(in_addr)];
  if (inet_pton(AF_INET, text, ipv4) == 1) return mapped_gid(ipv4);
  return std::nullopt;
}

}  // namespace weft
