#include "rdma/grh.h"

#include <algorithm>
#include <string>

#include "byte_vector.h"
#include "check.h"
#include "random.h"

namespace weft::test {

namespace {

constexpr size_t kIpv4Offset = 20;

// As a soft-RoCE guest delivered them (Linux 6.1), sent with traffic class
// 0x68, hop limit 64 and flow label 0x1234a, which soft-RoCE leaves out.
// 10.0.0.2 to 10.0.0.1:
const ByteVector kSoftRoceIpv4 = from_hex(
    "00000000 00000000 00000000 00000000 00000000"
    "4568005c de124000 40114814 0a000002 0a000001");
// fe80::5054:ff:fe00:2 to fe80::5054:ff:fe00:1:
const ByteVector kSoftRoceIpv6 = from_hex(
    "66800000 00481140 fe800000 00000000 505400ff fe000002"
    "fe800000 00000000 505400ff fe000001");

// InfiniBand: next header 0x1b, flow label 0xfffff, traffic class 0xff.
const ByteVector kInfiniband = from_hex(
    "6fffffff 00301bff fe800000 00000000 248a0703 00b34a5c"
    "fe800000 00000000 248a0703 00b34a5d");

std::string text_of_source(const ByteVector &grh) { return gid_text(parse_grh(grh.data())->source); }
std::string text_of_destination(const ByteVector &grh) { return gid_text(parse_grh(grh.data())->destination); }

// An IPv4 header behind what an IPv6 header left in the buffer.
ByteVector behind_stale_bytes() {
  ByteVector grh = kSoftRoceIpv4;
  std::copy_n(kSoftRoceIpv6.begin(), kIpv4Offset, grh.begin());
  return grh;
}

}  // namespace

TEST(grh_of_soft_roce_over_ipv4) {
  const auto grh = parse_grh(kSoftRoceIpv4.data());
  CHECK(grh.has_value());
  CHECK(grh->ipv4);
  CHECK_EQ(text_of_source(kSoftRoceIpv4), "::ffff:10.0.0.2");
  CHECK_EQ(text_of_destination(kSoftRoceIpv4), "::ffff:10.0.0.1");
  CHECK_EQ(grh->traffic_class, 0x68);
  CHECK_EQ(grh->hop_limit, 64);
  CHECK_EQ(grh->flow_label, 0);
}

TEST(grh_of_soft_roce_over_ipv6) {
  const auto grh = parse_grh(kSoftRoceIpv6.data());
  CHECK(grh.has_value());
  CHECK(!grh->ipv4);
  CHECK_EQ(text_of_source(kSoftRoceIpv6), "fe80::5054:ff:fe00:2");
  CHECK_EQ(text_of_destination(kSoftRoceIpv6), "fe80::5054:ff:fe00:1");
  CHECK_EQ(grh->traffic_class, 0x68);
  CHECK_EQ(grh->hop_limit, 64);
  CHECK_EQ(grh->flow_label, 0);
}

TEST(grh_of_infiniband) {
  const auto grh = parse_grh(kInfiniband.data());
  CHECK(grh.has_value());
  CHECK(!grh->ipv4);
  CHECK_EQ(text_of_source(kInfiniband), "fe80::248a:703:b3:4a5c");
  CHECK_EQ(text_of_destination(kInfiniband), "fe80::248a:703:b3:4a5d");
  CHECK_EQ(grh->traffic_class, 0xff);
  CHECK_EQ(grh->hop_limit, 0xff);
  CHECK_EQ(grh->flow_label, 0xf'ffff);
}

// A driver that leaves bytes 0-19 as they were.
TEST(grh_of_ipv4_behind_stale_bytes) {
  ByteVector grh = behind_stale_bytes();
  CHECK(parse_grh(grh.data())->ipv4);
  CHECK_EQ(text_of_source(grh), "::ffff:10.0.0.2");
  Random random(2);
  for (int i = 0; i < 1'000; ++i) {
    for (size_t at = 0; at < kIpv4Offset; ++at) grh[at] = static_cast<uint8_t>(random.next());
    CHECK(parse_grh(grh.data())->ipv4);
  }
}

// The checksum decides where both forms are possible, and only there.
TEST(grh_with_a_wrong_ipv4_checksum) {
  for (size_t bit = 8; bit < 160; ++bit) {
    ByteVector grh = behind_stale_bytes();
    grh[kIpv4Offset + bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    CHECK(!parse_grh(grh.data())->ipv4);
    std::fill_n(grh.begin(), kIpv4Offset, 0);
    CHECK(parse_grh(grh.data())->ipv4);
  }
}

// Any 16 bits sum up to a checksum that holds, those of a carry that carries
// again included.
TEST(grh_with_a_right_ipv4_checksum) {
  Random random(4);
  for (int i = 0; i < 20'000; ++i) {
    ByteVector grh = behind_stale_bytes();
    uint8_t *const header = grh.data() + kIpv4Offset;
    for (size_t at = 1; at < 20; ++at) header[at] = random.one_in(4) ? 0xff : static_cast<uint8_t>(random.next());
    put_u16(header + 10, 0);
    uint32_t sum = 0;
    for (size_t at = 0; at < 20; at += 2) sum += get_u16(header + at);
    put_u16(header + 10, static_cast<uint16_t>(0xffff - sum % 0xffff));
    CHECK(parse_grh(grh.data())->ipv4);
  }
}

TEST(grh_that_is_neither) {
  CHECK(!parse_grh(ByteVector(kGrhBytes, 0).data()));
  CHECK(!parse_grh(ByteVector(kGrhBytes, 0xff).data()));
  ByteVector grh = kSoftRoceIpv4;
  for (const uint8_t first : {0x00, 0x35, 0x44, 0x46, 0x4f, 0x55, 0x65}) {  // not version 4, or with options
    grh[kIpv4Offset] = first;
    CHECK(!parse_grh(grh.data()));
  }
  grh = kSoftRoceIpv6;
  for (const uint8_t first : {0x00, 0x46, 0x56, 0x76}) {
    grh[0] = first;
    CHECK(!parse_grh(grh.data()));
  }
}

}  // namespace weft::test
