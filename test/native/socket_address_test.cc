#include "base/socket_address.h"

#include <net/if.h>

#include <string>

#include "check.h"

namespace weft::test {

namespace {

SocketAddress address(const std::string &literal, uint16_t port = 862) {
  const auto parsed = SocketAddress::parse(literal.c_str(), port);
  CHECK(parsed.has_value());
  return *parsed;
}

}  // namespace

TEST(addresses_that_are_read) {
  const SocketAddress ipv4 = address("192.0.2.1", 65'535);
  CHECK_EQ(ipv4.family(), AF_INET);
  CHECK_EQ(ipv4.port(), 65'535);
  CHECK_EQ(ipv4.size(), sizeof(sockaddr_in));
  CHECK(ipv4.address() == (AddressBytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1}));
  const SocketAddress ipv6 = address("2001:db8::1", 1);
  CHECK_EQ(ipv6.family(), AF_INET6);
  CHECK_EQ(ipv6.port(), 1);
  CHECK_EQ(ipv6.size(), sizeof(sockaddr_in6));
  CHECK(ipv6.address() == (AddressBytes{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
}

TEST(addresses_with_a_scope) {
  const std::string index = std::to_string(if_nametoindex("lo"));
  CHECK(index != "0");
  CHECK(address("fe80::1%lo") == address("fe80::1%" + index));
  CHECK(!(address("fe80::1%4000000000") == address("fe80::1%" + index)));
  // The kernel does not always tell the scope.
  CHECK(address("fe80::1") == address("fe80::1%" + index));
  CHECK_EQ(address("fe80::1").hash(), address("fe80::1%" + index).hash());
}

TEST(addresses_that_are_none) {
  for (const char *const text : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.0.0.1", "::1%", "::1%no-such-device",
                                 "::1%0", "::1%-1", "1.2.3.4%lo", ":::", "1.2.3.4 "}) {
    CHECK(!SocketAddress::parse(text, 1).has_value());
  }
}

TEST(addresses_compare_by_family_address_and_port) {
  CHECK(address("192.0.2.1") == address("192.0.2.1"));
  CHECK_EQ(address("192.0.2.1").hash(), address("192.0.2.1").hash());
  CHECK(!(address("192.0.2.1") == address("192.0.2.2")));
  CHECK(!(address("192.0.2.1", 1) == address("192.0.2.1", 2)));
  CHECK(address("2001:db8::1") == address("2001:db8:0::1"));
  CHECK(!(address("2001:db8::1") == address("2001:db8::2")));
  CHECK(!(address("2001:db8::1", 1) == address("2001:db8::1", 2)));
  CHECK(!(address("::ffff:192.0.2.1") == address("192.0.2.1")));
}

TEST(any_address_and_address_from_the_kernel) {
  const SocketAddress any = SocketAddress::any(AF_INET6, 7);
  CHECK_EQ(any.port(), 7);
  CHECK(any == address("::", 7));
  sockaddr_in6 filled{};
  std::memcpy(&filled, address("192.0.2.1", 9).raw(), sizeof(sockaddr_in));
  CHECK(SocketAddress::from(filled) == address("192.0.2.1", 9));
}

}  // namespace weft::test
