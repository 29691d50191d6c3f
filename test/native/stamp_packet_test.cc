#include "net/stamp_packet.h"

#include "base/clock.h"
#include "check.h"
#include "packet_builder.h"
#include "random.h"

namespace weft::test {

namespace {

using namespace stamp;

constexpr int64_t kHalfPastNewYear2020 = 1'577'836'800'500'000'000;
constexpr uint64_t kItsNtpTime = 0xe1b6'5f80'8000'0000;
constexpr uint64_t kItsPtpTime = 0x5e0b'e100'1dcd'6500;
// 2036-02-07T06:28:16Z: the seconds of NTP start again at 0.
constexpr int64_t kNtpEra1 = 2'085'978'496 * kNsPerS;

const ReflectorPacket kAnswer = {0x0a0b'0c0d, kItsNtpTime, 0x0001, 0x1092, 0x1122'3344'5566'7788,
                                 0x0102'0304, kItsPtpTime, 0x4001, 0xfe};

bool same(const ReflectorPacket &a, const ReflectorPacket &b) {
  return a.sequence == b.sequence && a.timestamp == b.timestamp && a.error_estimate == b.error_estimate &&
         a.ssid == b.ssid && a.receive_timestamp == b.receive_timestamp && a.sender_sequence == b.sender_sequence &&
         a.sender_timestamp == b.sender_timestamp && a.sender_error_estimate == b.sender_error_estimate &&
         a.sender_ttl == b.sender_ttl;
}

}  // namespace

// RFC 8762 4.2.1 with the SSID of RFC 8972 3.
TEST(sender_packet_open) {
  ByteVector packet(kBaseBytes, 0xff);
  encode_sender(packet.data(), {0x0102'0304, kItsPtpTime, 0x4001, 0x1092}, false);
  CHECK(packet == from_hex("01020304 5e0be100 1dcd6500 4001 1092"
                           "00000000 00000000 00000000 00000000 00000000 00000000 00000000"));
  const auto decoded = decode_sender(view(packet), false);
  CHECK(decoded.has_value());
  CHECK_EQ(decoded->sequence, 0x0102'0304u);
  CHECK_EQ(decoded->timestamp, kItsPtpTime);
  CHECK_EQ(decoded->error_estimate, 0x4001);
  CHECK_EQ(decoded->ssid, 0x1092);
}

// RFC 8762 4.2.2: the same fields in 16-byte blocks, HMAC over the first 96
// bytes (made with Python's hmac).
TEST(sender_packet_authenticated) {
  ByteVector packet(kAuthenticatedBytes, 0xff);
  encode_sender(packet.data(), {0x0102'0304, kItsPtpTime, 0x4001, 0x1092}, true);
  const HmacKey key = key_of("secret");
  sign_base(packet.data(), key);
  ByteVector expected = from_hex("01020304 00000000 00000000 00000000 5e0be100 1dcd6500 4001 1092");
  expected.resize(kSignedBytes, 0);
  const ByteVector hmac = from_hex("b260943f89671da2f5fa36d3f0444d53");
  expected.insert(expected.end(), hmac.begin(), hmac.end());
  CHECK(packet == expected);
  CHECK(verify_base(packet.data(), key));
  CHECK_EQ(decode_sender(view(packet), true)->ssid, 0x1092);
  packet[95] ^= 1;
  CHECK(!verify_base(packet.data(), key));
}

// RFC 8762 4.3.1 with the SSID of RFC 8972 3.
TEST(reflector_packet_open) {
  ByteVector packet(kBaseBytes, 0xff);
  encode_reflector(packet.data(), kAnswer, false);
  CHECK(packet == from_hex("0a0b0c0d e1b65f80 80000000 0001 1092 11223344 55667788"
                           "01020304 5e0be100 1dcd6500 4001 0000 fe 000000"));
  CHECK(same(*decode_reflector(view(packet), false), kAnswer));
}

// RFC 8762 4.3.2.
TEST(reflector_packet_authenticated) {
  ByteVector packet(kAuthenticatedBytes, 0xff);
  encode_reflector(packet.data(), kAnswer, true);
  CHECK(packet == from_hex("0a0b0c0d 00000000 00000000 00000000 e1b65f80 "
                           "80000000 0001 1092 00000000"
                           "11223344 55667788 00000000 00000000 01020304 "
                           "00000000 00000000 00000000"
                           "5e0be100 1dcd6500 4001 0000 00000000 fe 000000 "
                           "00000000 00000000 00000000"
                           "00000000 00000000 00000000 00000000"));
  CHECK(same(*decode_reflector(view(packet), true), kAnswer));
}

TEST(packets_shorter_than_their_base_are_not_decoded) {
  for (const bool authenticated : {false, true}) {
    for (size_t size = 0; size < base_bytes(authenticated); ++size) {
      const ByteVector packet(size, 0x41);
      CHECK(!decode_sender(view(packet), authenticated).has_value());
      CHECK(!decode_reflector(view(packet), authenticated).has_value());
    }
  }
}

TEST(times_on_the_wire) {
  CHECK_EQ(encode_time(kHalfPastNewYear2020, false), kItsNtpTime);
  CHECK_EQ(encode_time(kHalfPastNewYear2020, true), kItsPtpTime);
  CHECK_EQ(encode_time(kHalfPastNewYear2020 + 499'999'999, false), 0xe1b6'5f80'ffff'fffcu);
  CHECK_EQ(encode_time(kHalfPastNewYear2020 - 499'999'999, false), 0xe1b6'5f80'0000'0004u);
  CHECK_EQ(decode_time(kItsNtpTime, false), kHalfPastNewYear2020);
  CHECK_EQ(decode_time(kItsPtpTime, true), kHalfPastNewYear2020);
  // Fractions between two nanoseconds go to the nearer one, also across a
  // second.
  CHECK_EQ(decode_time(kItsNtpTime + 2, false), kHalfPastNewYear2020);
  CHECK_EQ(decode_time(kItsNtpTime + 3, false), kHalfPastNewYear2020 + 1);
  CHECK_EQ(decode_time(0xe1b6'5f80'ffff'ffff, false), kHalfPastNewYear2020 + 500'000'000);
}

TEST(ntp_time_goes_on_in_its_next_era) {
  CHECK_EQ(encode_time(kNtpEra1 - kNsPerS, false), 0xffff'ffff'0000'0000u);
  CHECK_EQ(encode_time(kNtpEra1 + 250'000'000, false), 0x0000'0000'4000'0000u);
  CHECK_EQ(encode_time(3'000'000'000 * kNsPerS, false), 0x367a'dc80'0000'0000u);
  CHECK_EQ(decode_time(0x0000'0000'4000'0000, false), kNtpEra1 + 250'000'000);
  CHECK_EQ(decode_time(0xffff'ffff'0000'0000, false), kNtpEra1 - kNsPerS);
}

TEST(every_nanosecond_survives_both_formats) {
  Random random(1);
  for (int i = 0; i < 200'000; ++i) {
    const int64_t time =
        static_cast<int64_t>(random.below(4'000'000'000) * 1'000'000'000 + random.below(1'000'000'000));
    CHECK_EQ(decode_time(encode_time(time, false), false), time);
    CHECK_EQ(decode_time(encode_time(time, true), true), time);
  }
}

TEST(error_estimate_bits) {
  CHECK(is_ptp(kOurErrorEstimate) && is_valid_error_estimate(kOurErrorEstimate));
  CHECK(!is_ptp(0xbfff));
  CHECK(!is_valid_error_estimate(0xff00));
  CHECK(is_valid_error_estimate(0x0001));
}

TEST(tlvs_are_read_up_to_the_first_that_does_not_fit) {
  ProbeBuilder builder;
  builder.tlv(1, 3).tlv(200, 0, 0x20).raw({0x80, 7, 0, 2, 0xab});
  TlvReader reader(view(builder.bytes()), kBaseBytes);
  const auto first = reader.next();
  CHECK(first && first->type == 1 && first->flags == 0x80 && first->value.size == 3 && first->offset == 44);
  CHECK(!first->understood());
  const auto second = reader.next();
  CHECK(second && second->type == 200 && second->flags == 0x20 && second->value.size == 0 && second->offset == 51);
  CHECK(!reader.malformed_offset());
  CHECK(!reader.next());
  CHECK(reader.malformed_offset() == size_t{55});
  CHECK(!reader.next());
}

TEST(tlv_headers_that_do_not_fit) {
  for (const size_t rest : {1, 2, 3}) {
    ByteVector packet(kBaseBytes + rest, 0);
    TlvReader reader(view(packet), kBaseBytes);
    CHECK(!reader.next());
    CHECK(reader.malformed_offset() == kBaseBytes);
  }
  const ByteVector bare(kBaseBytes);
  TlvReader none(view(bare), kBaseBytes);
  CHECK(!none.next());
  CHECK(!none.malformed_offset());
}

// RFC 8972 4.7.
TEST(follow_up_telemetry_value) {
  ByteVector value(kFollowUpValueBytes, 0xff);
  encode_follow_up(value.data(), {0x0a0b'0c0d, kItsPtpTime, kSoftwareLocal});
  CHECK(value == from_hex("0a0b0c0d 5e0be100 1dcd6500 02 000000"));
  const FollowUp decoded = decode_follow_up(value.data());
  CHECK_EQ(decoded.sequence, 0x0a0b'0c0du);
  CHECK_EQ(decoded.timestamp, kItsPtpTime);
  CHECK_EQ(decoded.mode, 2);
}

}  // namespace weft::test
