#include "rdma/gid.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

namespace weft {

Gid mapped_gid(const uint8_t* ipv4) {
  Gid gid{};
  gid[10] = gid[11] = 0xff;
  std::copy_n(ipv4, sizeof(in_addr), gid.begin() + 12);
  return gid;
}

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
