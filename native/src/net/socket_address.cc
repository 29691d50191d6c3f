#include "net/socket_address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <cstdlib>
#include <string>

namespace weft {

namespace {

constexpr size_t kMappedOffset = 12;
constexpr size_t kIpv4Bytes = 4;

const sockaddr_in& as_ipv4(const sockaddr_in6& storage) { return reinterpret_cast<const sockaddr_in&>(storage); }

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
  auto& ipv4 = reinterpret_cast<sockaddr_in&>(address.storage_);
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
    address.storage_.sin6_scope_id = *scope;
    text.resize(percent);
  }
  if (inet_pton(AF_INET6, text.c_str(), &address.storage_.sin6_addr) != 1) return std::nullopt;
  address.storage_.sin6_family = AF_INET6;
  address.storage_.sin6_port = htons(port);
  return address;
}

SocketAddress SocketAddress::any(int family, uint16_t port) {
  SocketAddress address;
  address.storage_.sin6_family = static_cast<sa_family_t>(family);
  address.storage_.sin6_port = htons(port);
  return address;
}

SocketAddress SocketAddress::from(const sockaddr_in6& filled) {
  SocketAddress address;
  address.storage_ = filled;
  return address;
}

AddressBytes SocketAddress::address() const {
  AddressBytes bytes{};
  if (family() == AF_INET) {
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(bytes.data() + kMappedOffset, &as_ipv4(storage_).sin_addr, kIpv4Bytes);
  } else {
    std::memcpy(bytes.data(), &storage_.sin6_addr, bytes.size());
  }
  return bytes;
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  if (family() != other.family() || storage_.sin6_port != other.storage_.sin6_port) return false;
  if (family() == AF_INET) return as_ipv4(storage_).sin_addr.s_addr == as_ipv4(other.storage_).sin_addr.s_addr;
  return std::memcmp(&storage_.sin6_addr, &other.storage_.sin6_addr, sizeof storage_.sin6_addr) == 0 &&
         (storage_.sin6_scope_id == other.storage_.sin6_scope_id || storage_.sin6_scope_id == 0 ||
          other.storage_.sin6_scope_id == 0);
}

uint64_t SocketAddress::hash() const {
  if (family() == AF_INET) return mix(uint64_t{as_ipv4(storage_).sin_addr.s_addr} << 16 | storage_.sin6_port);
  uint64_t halves[2];
  std::memcpy(halves, &storage_.sin6_addr, sizeof halves);
  return mix(mix(halves[0]) ^ halves[1] ^ storage_.sin6_port);
}

}  // namespace weft
