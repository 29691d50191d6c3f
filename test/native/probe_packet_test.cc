#include "net/probe_packet.h"

#include "base/clock.h"
#include "check.h"
#include "packet_builder.h"

namespace weft::test {

namespace {

using namespace stamp;

constexpr int64_t kT3 = 1'700'000'000'000'000'000;
constexpr int64_t kT4 = kT3 + 4'321;
constexpr SenderPacket kPacket = {0xffff'ffff, 42, kOurErrorEstimate, 7};
constexpr size_t kAsked = kTlvHeaderBytes + kFollowUpValueBytes + kTlvHeaderBytes;

ByteVector probe_of(bool plain, size_t payload_bytes, const HmacKey *key) {
  ByteVector packet(kMaxProbeHeadBytes);
  const ProbeSize size = encode_probe(packet.data(), kPacket, plain, payload_bytes, key);
  CHECK(size.head <= kMaxProbeHeadBytes);
  packet.resize(size.head);
  packet.resize(size.head + size.padding, 0);
  return packet;
}

ByteVector answer_to(const ByteVector &probe, const HmacKey *key, bool exact_t4, PreviousReflection previous = {}) {
  ByteVector out(probe.size());
  const Reflection reflection = reflect({view(probe), kT3, kT4, 64, exact_t4, key}, out.data());
  CHECK_EQ(reflection.refusal, Refusal::kNone);
  put_telemetry(reflection, previous, out.data());
  finish(reflection, key, out.data());
  out.resize(reflection.size);
  return out;
}

ProbeAnswer decoded(const ByteVector &packet, const HmacKey *key) {
  ProbeAnswer answer;
  CHECK_EQ(decode_answer(view(packet), key, answer), AnswerError::kNone);
  CHECK_EQ(answer.base.sender_sequence, kPacket.sequence);
  CHECK_EQ(answer.base.ssid, kPacket.ssid);
  return answer;
}

const HmacKey kKey = key_of("secret");
const HmacKey *const kModes[] = {nullptr, &kKey};

}  // namespace

TEST(probe_is_as_large_as_it_is_told_but_never_too_small_for_its_tlvs) {
  for (const HmacKey *const key : kModes) {
    const size_t base = base_bytes(key != nullptr);
    const size_t smallest =
        base + kAsked + follow_up_price_bytes(key != nullptr) + (key != nullptr ? kTlvHeaderBytes + kHmac128Bytes : 0);
    for (const size_t payload : {0, 44, 112, 176, 200, 332, 1000, 1472, 65'507}) {
      CHECK_EQ(probe_of(true, payload, key).size(), std::max(payload, base));
      // Padding needs a TLV of its own.
      const size_t expected = payload < smallest + kTlvHeaderBytes ? smallest : payload;
      CHECK_EQ(probe_of(false, payload, key).size(), expected);
    }
  }
}

TEST(probe_consists_of_whole_tlvs_marked_as_not_understood) {
  for (const HmacKey *const key : kModes) {
    const ByteVector probe = probe_of(false, 600, key);
    TlvReader reader(view(probe), base_bytes(key != nullptr));
    while (const auto tlv = reader.next()) CHECK_EQ(tlv->flags, kUnrecognized);
    CHECK(!reader.malformed_offset());
  }
}

TEST(probe_answer_and_follow_up_round_trip) {
  for (const HmacKey *const key : kModes) {
    for (const size_t payload : {0, 1200}) {
      const ByteVector probe = probe_of(false, payload, key);
      const ByteVector packet = answer_to(probe, key, true, {5, kT4 - kNsPerS});
      const ProbeAnswer answer = decoded(packet, key);
      CHECK(answer.follow_up_promised && !answer.is_follow_up());
      CHECK_EQ(decode_time(answer.base.receive_timestamp, true), kT3);
      CHECK_EQ(decode_time(answer.base.timestamp, true), kT4);
      CHECK_EQ(answer.telemetry->sequence, 5);
      ByteVector second(kMaxFollowUpBytes);
      second.resize(make_follow_up(packet.data(), {kT3 + 1, kT4 + 2, false}, key, second.data()));
      CHECK(packet.size() + second.size() + kPacketOverheadBytes <= probe.size());
      const ProbeAnswer follow_up = decoded(second, key);
      CHECK(follow_up.is_follow_up());
      CHECK_EQ(decode_time(follow_up.base.receive_timestamp, true), kT3 + 1);
      CHECK_EQ(decode_time(follow_up.telemetry->timestamp, true), kT4 + 2);
    }
  }
}

TEST(answer_of_a_reflector_without_tx_stamps_promises_nothing) {
  for (const HmacKey *const key : kModes) {
    const ProbeAnswer answer = decoded(answer_to(probe_of(false, 0, key), key, false), key);
    CHECK(!answer.follow_up_promised && !answer.is_follow_up());
    CHECK(!answer.telemetry.has_value());
  }
}

TEST(plain_probe_gets_a_plain_answer) {
  for (const HmacKey *const key : kModes) {
    const ProbeAnswer answer = decoded(answer_to(probe_of(true, 0, key), key, true), key);
    CHECK(!answer.follow_up_promised && !answer.telemetry);
  }
}

TEST(tlvs_that_come_back_unread_say_nothing) {
  for (const HmacKey *const key : kModes) {
    const size_t base = base_bytes(key != nullptr);
    const ByteVector probe = probe_of(false, 0, key);
    ByteVector packet = answer_to(ByteVector(probe.begin(), probe.begin() + static_cast<long>(base)), key, true);
    packet.insert(packet.end(), probe.begin() + static_cast<long>(base), probe.end());
    const ProbeAnswer answer = decoded(packet, key);
    CHECK(!answer.follow_up_promised && !answer.telemetry);
  }
}

TEST(answers_that_are_refused) {
  const HmacKey other = key_of("Secret");
  ProbeAnswer answer;
  const ByteVector packet = answer_to(probe_of(false, 0, &kKey), &kKey, true);
  CHECK_EQ(decode_answer(view(packet), &other, answer), AnswerError::kUnauthenticated);
  CHECK_EQ(decode_answer(view(packet).first(111), &kKey, answer), AnswerError::kShort);
  CHECK_EQ(decode_answer(view(packet).first(43), nullptr, answer), AnswerError::kShort);
}

TEST(tlvs_of_a_signed_answer_count_only_when_signed) {
  const ByteVector packet = answer_to(probe_of(false, 0, &kKey), &kKey, true, {5, kT4});
  ByteVector changed = packet;
  changed[kAuthenticatedBytes + kTlvHeaderBytes] ^= 1;
  CHECK(!decoded(changed, &kKey).telemetry);
  CHECK(!decoded(changed, &kKey).follow_up_promised);
  const ByteVector cut(packet.begin(), packet.end() - 1);
  CHECK(!decoded(cut, &kKey).follow_up_promised);
}

// RFC 8972 4.8: only Extra Padding may stand behind the HMAC TLV.
TEST(tlv_behind_the_hmac_of_an_answer_is_not_taken) {
  ByteVector packet = answer_to(probe_of(false, 0, &kKey), &kKey, true);
  const size_t at = packet.size();
  packet.resize(at + kTlvHeaderBytes + kFollowUpValueBytes);
  encode_tlv_header(packet.data() + at, 0, kFollowUpTelemetry, kFollowUpValueBytes);
  encode_follow_up(packet.data() + at + kTlvHeaderBytes, {kPacket.sequence, 1, kSoftwareLocal});
  const ProbeAnswer answer = decoded(packet, &kKey);
  CHECK(!answer.telemetry || answer.telemetry->timestamp == 0);
}

}  // namespace weft::test
