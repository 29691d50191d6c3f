#include "net/prefix_set.h"

#include <cstdlib>
#include <cstring>

namespace weft {

namespace {

constexpr int kIpv6Bits = 128;
constexpr int kIpv4Bits = 32;
constexpr AddressBytes kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kMappedBits = kIpv6Bits - kIpv4Bits;

bool same_bits(const AddressBytes& a, const AddressBytes& b, int bits) {
  const int bytes = bits / 8;
  if (std::memcmp(a.data(), b.data(), bytes) != 0) return false;
  const int rest = bits % 8;
  return rest == 0 || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0;
}

}  // namespace

bool PrefixSet::add(const std::string& cidr) {
  const size_t slash = cidr.find('/');
  const auto address = SocketAddress::parse(cidr.substr(0, slash).c_str(), 0);
  if (!address) return false;
  const int width = address->family() == AF_INET ? kIpv4Bits : kIpv6Bits;
  long length = width;
  if (slash != std::string::npos) {
    const std::string digits = cidr.substr(slash + 1);
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return false;
    length = std::strtol(digits.c_str(), nullptr, 10);
    if (length > width) return false;
  }
  prefixes_.push_back({address->address(), kIpv6Bits - width + static_cast<int>(length)});
  return true;
}

bool PrefixSet::allows(const AddressBytes& address) const {
  if (prefixes_.empty()) return true;
  const bool ipv4 = same_bits(address, kMapped, kMappedBits);
  for (const Prefix& prefix : prefixes_) {
    // ::/0 and its like hold the mapped form of every IPv4 address, but speak of IPv6.
    if (ipv4 && prefix.bits < kMappedBits) continue;
    if (same_bits(prefix.address, address, prefix.bits)) return true;
  }
  return false;
}

}  // namespace weft
