#include "net/prefix_set.h"

#include <cstdlib>
#include <cstring>

namespace weft {

namespace {

constexpr int kIpv6Bits = 128;
constexpr int kIpv4Bits = 32;

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
    char* end = nullptr;
    length = std::strtol(digits.c_str(), &end, 10);
    if (digits.empty() || *end != '\0' || length < 0 || length > width) return false;
  }
  prefixes_.push_back({address->address(), kIpv6Bits - width + static_cast<int>(length)});
  return true;
}

bool PrefixSet::allows(const AddressBytes& address) const {
  if (prefixes_.empty()) return true;
  for (const Prefix& prefix : prefixes_) {
    if (same_bits(prefix.address, address, prefix.bits)) return true;
  }
  return false;
}

}  // namespace weft
