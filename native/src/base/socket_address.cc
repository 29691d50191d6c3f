#include "base/socket_address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <cstdlib>
#include <string>

namespace weft {

namespace {

constexpr size_t kMappedOffset = 12;
constexpr size_t kIpv4Bytes = 4;

std::optional<uint32_t> parse_scope(const std::string& scope) {
  if (const uint32_t index = if_nametoindex(scope.c_str()); index != 0) return index;
  char* end = nullptr;
  const unsigned long index = std::strtoul(scope.c_str(), &end, 10);
  if (scope.empty() || *end != '\0' || index == 0 || index > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(index);
}

}  // namespace

std::optional<SocketAddress> SocketAddress::parse(const char* literal, uint16_t port) {
  SocketAddress address;
  sockaddr_in& ipv4 = address.storage_.ipv4;
  if (inet_pton(AF_INET, literal, &ipv4.sin_addr) == 1) {
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(port);
    return address;
  }
  std::string text(literal);
  const size_t percent = text.find('%');
  if (percent != std::string::npos) {
    const auto scope = parse_scope(text.substr(percent + 1));
    if (!scope) return std::nullopt;
    address.storage_.ipv6.sin6_scope_id = *scope;
    text.resize(percent);
  }
  if (inet_pton(AF_INET6, text.c_str(), &address.storage_.ipv6.sin6_addr) != 1) return std::nullopt;
  address.storage_.ipv6.sin6_family = AF_INET6;
  address.storage_.ipv6.sin6_port = htons(port);
  return address;
}

SocketAddress SocketAddress::any(int family, uint16_t port) {
  SocketAddress address;
  address.storage_.ipv6.sin6_family = static_cast<sa_family_t>(family);
  address.storage_.ipv6.sin6_port = htons(port);
  return address;
}

SocketAddress SocketAddress::from(const sockaddr_in6& filled) {
  SocketAddress address;
  address.storage_.ipv6 = filled;
  return address;
}

AddressBytes SocketAddress::address() const {
  AddressBytes bytes{};
  if (family() == AF_INET) {
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(bytes.data() + kMappedOffset, &storage_.ipv4.sin_addr, kIpv4Bytes);
  } else {
    std::memcpy(bytes.data(), &storage_.ipv6.sin6_addr, bytes.size());
  }
  return bytes;
}

bool SocketAddress::is_any() const {
  return family() == AF_INET ? storage_.ipv4.sin_addr.s_addr == htonl(INADDR_ANY)
                             : IN6_IS_ADDR_UNSPECIFIED(&storage_.ipv6.sin6_addr) != 0;
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  if (family() != other.family() || storage_.ipv6.sin6_port != other.storage_.ipv6.sin6_port) return false;
  if (family() == AF_INET) return storage_.ipv4.sin_addr.s_addr == other.storage_.ipv4.sin_addr.s_addr;
  return std::memcmp(&storage_.ipv6.sin6_addr, &other.storage_.ipv6.sin6_addr, sizeof storage_.ipv6.sin6_addr) == 0 &&
         (storage_.ipv6.sin6_scope_id == other.storage_.ipv6.sin6_scope_id || storage_.ipv6.sin6_scope_id == 0 ||
          other.storage_.ipv6.sin6_scope_id == 0);
}

uint64_t SocketAddress::hash() const {
  if (family() == AF_INET) return mix(uint64_t{storage_.ipv4.sin_addr.s_addr} << 16 | storage_.ipv6.sin6_port);
  uint64_t halves[2];
  std::memcpy(halves, &storage_.ipv6.sin6_addr, sizeof halves);
  return mix(mix(halves[0]) ^ halves[1] ^ storage_.ipv6.sin6_port);
}

}  // namespace weft
