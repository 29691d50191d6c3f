#include "rdma/gid.h"

#include "byte_vector.h"
#include "check.h"

namespace weft::test {

namespace {

struct Case {
  const char *text;
  const char *bytes;
  const char *canonical;
};

const Case kGids[] = {
    {"fe80::5054:ff:fe00:1", "fe80 0000 0000 0000 5054 00ff fe00 0001", "fe80::5054:ff:fe00:1"},
    {"::ffff:10.0.0.3", "0000 0000 0000 0000 0000 ffff 0a00 0003", "::ffff:10.0.0.3"},
    {"10.0.0.3", "0000 0000 0000 0000 0000 ffff 0a00 0003", "::ffff:10.0.0.3"},
    {"::ffff:0A00:0003", "0000 0000 0000 0000 0000 ffff 0a00 0003", "::ffff:10.0.0.3"},
    {"2001:0DB8:0:0:0:0:0:1", "2001 0db8 0000 0000 0000 0000 0000 0001", "2001:db8::1"},
    // InfiniBand: subnet prefix and GUID.
    {"fe80:0:0:0:248a:703:b3:4a5c", "fe80 0000 0000 0000 248a 0703 00b3 4a5c", "fe80::248a:703:b3:4a5c"},
    {"::", "0000 0000 0000 0000 0000 0000 0000 0000", "::"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff ffff ffff ffff ffff ffff ffff ffff",
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
};

}  // namespace

TEST(gid_from_and_to_text) {
  for (const Case &given : kGids) {
    const auto gid = parse_gid(given.text);
    CHECK(gid.has_value());
    CHECK(ByteVector(gid->begin(), gid->end()) == from_hex(given.bytes));
    CHECK_EQ(gid_text(*gid), given.canonical);
  }
}

TEST(gid_that_is_no_address_is_refused) {
  for (const char *const text :
       {"", " ", "host-a", "10.0.0", "10.0.0.256", "10.0.0.3 ", "::ffff:10.0.0.3/96", "fe80::1%eth0", "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "[::1]", "fe80000000000000248a070300b34a5c"}) {
    CHECK(!parse_gid(text));
  }
}

}  // namespace weft::test
