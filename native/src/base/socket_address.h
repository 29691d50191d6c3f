// An IPv4 or IPv6 endpoint in the form the socket calls take. A value; compares by family, address, port and scope.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

namespace weft {

// 16 bytes for both families (IPv4 mapped), so that tables need one kind of key.
using AddressBytes = std::array<uint8_t, 16>;

class SocketAddress {
 public:
  SocketAddress() { std::memset(&storage_, 0, sizeof storage_); }

  // `literal` is IPv4 or IPv6, the latter with an optional %scope (name or index).
  static std::optional<SocketAddress> parse(const char* literal, uint16_t port);
  static SocketAddress any(int family, uint16_t port);
  static SocketAddress from(const sockaddr_in6& filled);

  int family() const { return storage_.base.sa_family; }
  uint16_t port() const { return ntohs(storage_.ipv6.sin6_port); }  // same place in both families
  AddressBytes address() const;
  // The unspecified address: "any of this host's".
  bool is_any() const;
  socklen_t size() const { return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6); }
  sockaddr* raw() { return &storage_.base; }
  const sockaddr* raw() const { return &storage_.base; }
  // What a receive call may write to.
  static constexpr socklen_t kCapacity = sizeof(sockaddr_in6);

  bool operator==(const SocketAddress& other) const;
  uint64_t hash() const;

 private:
  union {
    sockaddr base;
    sockaddr_in ipv4;
    sockaddr_in6 ipv6;
  } storage_;
};
static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));

// Spreads a key over a hash table. Not keyed: every table it serves is bounded, so collisions cost time, not memory.
inline uint64_t mix(uint64_t value) {
  value ^= value >> 32;
  value *= 0x9e3779b97f4a7c15;  // 2^64 / golden ratio
  return value ^ value >> 29;
}

}  // namespace weft
