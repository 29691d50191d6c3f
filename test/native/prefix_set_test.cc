#include "net/prefix_set.h"

#include "check.h"

namespace weft::test {

namespace {

bool allows(std::initializer_list<const char *> prefixes, const char *address) {
  PrefixSet set;
  for (const char *const prefix : prefixes) CHECK(set.add(prefix));
  return set.allows(SocketAddress::parse(address, 1)->address());
}

}  // namespace

TEST(empty_prefix_set_allows_everybody) {
  CHECK(allows({}, "192.0.2.1"));
  CHECK(allows({}, "2001:db8::1"));
}

TEST(prefixes_of_ipv4) {
  CHECK(allows({"10.0.0.0/8"}, "10.255.255.255"));
  CHECK(!allows({"10.0.0.0/8"}, "11.0.0.0"));
  CHECK(allows({"10.1.2.3"}, "10.1.2.3"));
  CHECK(!allows({"10.1.2.3"}, "10.1.2.2"));
  CHECK(allows({"10.1.2.128/25"}, "10.1.2.129"));
  CHECK(!allows({"10.1.2.128/25"}, "10.1.2.127"));
  CHECK(allows({"192.0.2.0/24", "10.0.0.0/31"}, "10.0.0.1"));
  CHECK(!allows({"192.0.2.0/24", "10.0.0.0/31"}, "10.0.0.2"));
  CHECK(allows({"0.0.0.0/0"}, "203.0.113.9"));
  // Bits behind the prefix do not count.
  CHECK(allows({"10.9.9.9/8"}, "10.1.1.1"));
}

TEST(prefixes_of_ipv6) {
  CHECK(allows({"2001:db8::/32"}, "2001:db8:ffff::1"));
  CHECK(!allows({"2001:db8::/32"}, "2001:db9::1"));
  CHECK(allows({"2001:db8::8000/113"}, "2001:db8::8001"));
  CHECK(!allows({"2001:db8::8000/113"}, "2001:db8::7fff"));
  CHECK(allows({"::1"}, "::1"));
  CHECK(allows({"::/0"}, "fe80::1"));
}

TEST(prefixes_of_one_family_do_not_hold_for_the_other) {
  CHECK(!allows({"0.0.0.0/0"}, "2001:db8::1"));
  CHECK(!allows({"::/0"}, "192.0.2.1"));
  CHECK(!allows({"::/64"}, "192.0.2.1"));
  CHECK(allows({"::ffff:10.0.0.0/104"}, "10.1.1.1"));
}

TEST(prefixes_that_are_none) {
  PrefixSet set;
  for (const char *const text : {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0/8",
                                 "10.0.0.0/ 8", "10.0.0.0/+8", "2001:db8::/129", "host/8", "10.0.0.0/8/8"}) {
    CHECK(!set.add(text));
  }
  CHECK(set.allows(SocketAddress::parse("192.0.2.1", 1)->address()));
}

}  // namespace weft::test
