#include "rdma/payload.h"

#include "byte_vector.h"
#include "check.h"
#include "random.h"

namespace weft::test {

namespace {

const Payload kAck2 = {PayloadType::kAck,
                       2,
                       kStoodStill | kQueueRanEmpty | kHardwareStamps,
                       0xa1a2'a3a4'0000'0007,
                       0,
                       0x1112'1314'1516'1718,
                       0x2122'2324'2526'2728};

ByteVector encoded(const Payload &payload) {
  ByteVector bytes(kPayloadBytes, 0xff);
  encode(payload, bytes.data());
  return bytes;
}

ByteVector with(size_t at, uint8_t value) {
  ByteVector bytes = encoded(kAck2);
  bytes[at] = value;
  return bytes;
}

bool same(const Payload &a, const Payload &b) {
  return a.type == b.type && a.ack == b.ack && a.flags == b.flags && a.sequence == b.sequence && a.t1 == b.t1 &&
         a.t3 == b.t3 && a.t4 == b.t4;
}

}  // namespace

// DESIGN.md, "RDMA: UD queue pairs": the bytes by hand.
TEST(rdma_payload_on_the_wire) {
  CHECK(encoded({PayloadType::kProbe, 0, 0, 0x0102'0304'0506'0708, 0x3132'3334'3536'3738, 0, 0}) ==
        from_hex("01 00 00 00 0102030405060708 3132333435363738 0000000000000000 0000000000000000 00000000"));
  CHECK(encoded({PayloadType::kAck, 1, 0, 0x0102'0304'0506'0708, 0, 0, 0}) ==
        from_hex("01 01 01 00 0102030405060708 0000000000000000 0000000000000000 0000000000000000 00000000"));
  CHECK(encoded(kAck2) ==
        from_hex("01 01 02 07 a1a2a3a400000007 0000000000000000 1112131415161718 2122232425262728 00000000"));
}

TEST(rdma_payload_is_read_as_it_was_written) {
  Random random(1);
  for (int i = 0; i < 1'000; ++i) {
    const bool probe = random.one_in(3);
    const Payload payload = {probe ? PayloadType::kProbe : PayloadType::kAck,
                             static_cast<uint8_t>(probe ? 0 : 1 + random.below(2)),
                             static_cast<uint8_t>(random.below(8)),
                             random.next(),
                             random.next(),
                             random.next(),
                             random.next()};
    const auto decoded = decode(view(encoded(payload)));
    CHECK(decoded.has_value());
    CHECK(same(*decoded, payload));
  }
}

TEST(rdma_payload_may_be_padded_and_not_shortened) {
  ByteVector packet = encoded(kAck2);
  packet.resize(4'096, 0xab);
  CHECK(same(*decode(view(packet)), kAck2));
  for (size_t size = 0; size < kPayloadBytes; ++size) {
    packet = encoded(kAck2);
    packet.resize(size);
    CHECK(!decode(view(packet)));
  }
  CHECK(!decode(Bytes{}));
}

TEST(rdma_payload_of_another_kind_is_refused) {
  CHECK(decode(view(with(2, 1))));
  for (const uint8_t version : {0, 2, 255}) CHECK(!decode(view(with(0, version))));
  for (const uint8_t type : {0, 2, 255}) CHECK(!decode(view(with(1, type))));  // a probe has no ack 2
  for (const uint8_t ack : {0, 3, 255}) CHECK(!decode(view(with(2, ack))));
}

TEST(rdma_payload_ignores_what_later_versions_may_add) {
  CHECK(same(*decode(view(with(3, 0xff))), kAck2));
  CHECK(same(*decode(view(with(kPayloadBytes - 1, 0xff))), kAck2));
}

}  // namespace weft::test
