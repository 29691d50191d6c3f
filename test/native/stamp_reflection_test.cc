#include "net/stamp_reflection.h"

#include "base/clock.h"
#include "check.h"
#include "packet_builder.h"
#include "random.h"

namespace weft::test {

namespace {

using namespace stamp;

constexpr int64_t kT3 = 1'577'836'800'500'000'000;
constexpr int64_t kT4 = kT3 + 12'345;
constexpr uint8_t kTtl = 61;
constexpr PreviousReflection kPrevious = {77, kT3 - kNsPerS};
constexpr size_t kOpenPrice = follow_up_price_bytes(false);
constexpr size_t kAuthenticatedPrice = follow_up_price_bytes(true);

struct Answer {
  Reflection reflection;
  ByteVector bytes;

  std::vector<Tlv> tlvs(bool authenticated = false) const { return tlvs_of(bytes, authenticated); }
};

struct Circumstances {
  const HmacKey *key = nullptr;
  bool exact_t4 = true;
  PreviousReflection previous = {};
};

// What the reflector answers, in a buffer of exactly the probe's size: the
// sanitizer sees every byte too many.
Answer answer_to(const ByteVector &probe, const Circumstances &given = {}) {
  ByteVector out(probe.size(), 0xee);
  const Reflection reflection = reflect({view(probe), kT3, kT4, kTtl, given.exact_t4, given.key}, out.data());
  if (reflection.refusal != Refusal::kNone) return {reflection, {}};
  put_telemetry(reflection, given.previous, out.data());
  finish(reflection, given.key, out.data());
  CHECK(reflection.size <= probe.size());
  out.resize(reflection.size);
  return {reflection, out};
}

bool same_bytes(Bytes a, Bytes b) { return a.size == b.size && std::memcmp(a.data, b.data, a.size) == 0; }

void check_refused(const ByteVector &probe, const HmacKey *key, Refusal expected) {
  CHECK_EQ(answer_to(probe, {key}).reflection.refusal, expected);
}

// RFC 8972 4.8: what is done with TLVs that cannot be believed. `tlvs` is their
// number.
void check_integrity_failed(const ByteVector &probe, const HmacKey &key, size_t count) {
  const Answer answer = answer_to(probe, {&key});
  CHECK_EQ(answer.reflection.refusal, Refusal::kNone);
  CHECK(verify_base(answer.bytes.data(), key));
  CHECK_EQ(answer.bytes.size(), probe.size());
  const auto tlvs = answer.tlvs(true);
  const auto sent = tlvs_of(probe, true);
  CHECK_EQ(tlvs.size(), count);
  for (size_t i = 0; i < count; ++i) {
    CHECK(tlvs[i].flags & kIntegrityFailed);
    CHECK_EQ(tlvs[i].type, sent[i].type);
    CHECK(same_bytes(tlvs[i].value, sent[i].value));
  }
  CHECK(!answer.reflection.wants_follow_up && !answer.reflection.wants_telemetry);
}

}  // namespace

TEST(reflector_refuses_by_reason) {
  const HmacKey key = key_of("secret");
  const HmacKey other = key_of("Secret");
  const ByteVector open = ProbeBuilder().bytes();
  check_refused({}, nullptr, Refusal::kShort);
  check_refused(ByteVector(open.begin(), open.end() - 1), nullptr, Refusal::kShort);
  check_refused(open, &key, Refusal::kShort);
  check_refused(ProbeBuilder(&other).bytes(), &key, Refusal::kUnauthenticated);
  check_refused(ByteVector(kAuthenticatedBytes), &key, Refusal::kUnauthenticated);
  // RFC 4656 4.1.2: the multiplier must not be zero.
  check_refused(ProbeBuilder(nullptr, {1, 2, 0x4000, 3}).bytes(), nullptr, Refusal::kMalformed);
  check_refused(ProbeBuilder(&key, {1, 2, 0xff00, 3}).bytes(), &key, Refusal::kMalformed);
}

TEST(reflector_answers_in_the_format_of_the_probe) {
  for (const uint16_t error_estimate : {0x4001, 0x0001, 0x8a30}) {
    const bool ptp = (error_estimate & 0x4000) != 0;
    const Answer answer = answer_to(ProbeBuilder(nullptr, {0xfffffffe, 99, error_estimate, 0x1092}).bytes());
    CHECK_EQ(answer.bytes.size(), 44);
    const auto base = *decode_reflector(view(answer.bytes), false);
    CHECK_EQ(base.sequence, 0xfffffffeu);
    CHECK_EQ(base.timestamp, encode_time(kT4, ptp));
    CHECK_EQ(base.error_estimate & 0x4000, error_estimate & 0x4000);
    CHECK(is_valid_error_estimate(base.error_estimate));
    CHECK_EQ(base.ssid, 0x1092);
    CHECK_EQ(base.receive_timestamp, encode_time(kT3, ptp));
    CHECK_EQ(base.sender_sequence, 0xfffffffeu);
    CHECK_EQ(base.sender_timestamp, 99);
    CHECK_EQ(base.sender_error_estimate, error_estimate);
    CHECK_EQ(base.sender_ttl, kTtl);
  }
}

TEST(reflector_marks_tlvs_it_does_not_know) {
  // HMAC is one of them where there is no key; whether the sender set the flag
  // does not matter.
  for (const uint8_t type : {0, 2, 3, 4, 5, 6, 8, 9, 200, 240, 242, 255}) {
    for (const uint8_t flags : {0x80, 0x00, 0xff}) {
      const ByteVector probe = ProbeBuilder().tlv(type, 16, flags).bytes();
      const Answer answer = answer_to(probe);
      CHECK_EQ(answer.bytes.size(), probe.size());
      const Tlv tlv = answer.tlvs().at(0);
      CHECK_EQ(tlv.flags, kUnrecognized);
      CHECK_EQ(tlv.type, type);
      CHECK(tlv.value.size == 16 && filled_with(tlv.value, 0xab));
    }
  }
}

TEST(reflector_returns_extra_padding) {
  const ByteVector probe = ProbeBuilder().tlv(kExtraPadding, 0).tlv(kExtraPadding, 1000).bytes();
  const Answer answer = answer_to(probe);
  CHECK_EQ(answer.bytes.size(), probe.size());
  for (const Tlv &tlv : answer.tlvs()) CHECK_EQ(tlv.flags, 0);
  CHECK(filled_with(answer.tlvs().at(1).value, 0xab));
}

TEST(reflector_tells_the_t4_before_in_follow_up_telemetry) {
  for (const bool ptp : {true, false}) {
    ProbeBuilder probe(nullptr, {5, 6, static_cast<uint16_t>(ptp ? 0x4001 : 1), 7});
    probe.tlv(200, 3).tlv(kFollowUpTelemetry, kFollowUpValueBytes);
    const Answer first = answer_to(probe.bytes());
    CHECK(first.reflection.wants_telemetry);
    CHECK(filled_with(first.tlvs().at(1).value, 0));
    const Answer second = answer_to(probe.bytes(), {nullptr, true, kPrevious});
    const Tlv tlv = second.tlvs().at(1);
    CHECK_EQ(tlv.flags, 0);
    const FollowUp told = decode_follow_up(tlv.value.data);
    CHECK_EQ(told.sequence, kPrevious.sequence);
    CHECK_EQ(told.timestamp, encode_time(kPrevious.t4_ns, ptp));
    CHECK_EQ(told.mode, kSoftwareLocal);
  }
}

TEST(reflector_marks_telemetry_of_a_wrong_length_as_malformed) {
  for (const size_t length : {0, 15, 17}) {
    const Answer answer = answer_to(ProbeBuilder().tlv(kFollowUpTelemetry, length).bytes(), {nullptr, true, kPrevious});
    CHECK(!answer.reflection.wants_telemetry);
    const Tlv tlv = answer.tlvs().at(0);
    CHECK_EQ(tlv.flags, kMalformed);
    CHECK(tlv.value.size == length && filled_with(tlv.value, 0xab));
  }
}

// Who was told "understood" would wait for a T4 that never comes.
TEST(reflector_without_tx_stamps_does_not_know_telemetry) {
  const ByteVector probe = ProbeBuilder().tlv(kFollowUpTelemetry, kFollowUpValueBytes).bytes();
  const Answer answer = answer_to(probe, {nullptr, false});
  CHECK(!answer.reflection.wants_telemetry);
  CHECK_EQ(answer.tlvs().at(0).flags, kUnrecognized);
}

TEST(reflector_promises_a_follow_up_to_who_pays) {
  const ByteVector probe = ProbeBuilder().tlv(kFollowUpRequest, kOpenPrice).bytes();
  const Answer answer = answer_to(probe);
  CHECK(answer.reflection.wants_follow_up);
  CHECK_EQ(answer.bytes.size(), kBaseBytes + kTlvHeaderBytes);
  CHECK_EQ(answer.tlvs().at(0).flags, 0);
  CHECK_EQ(answer.tlvs().at(0).value.size, 0);
  ByteVector second(kMaxFollowUpBytes);
  const size_t follow_up = make_follow_up(answer.bytes.data(), {kT3, kT4, false}, nullptr, second.data());
  CHECK_EQ(follow_up, follow_up_bytes(false));
  CHECK(answer.bytes.size() + follow_up + kPacketOverheadBytes <= probe.size());
}

TEST(reflector_promises_no_follow_up_otherwise) {
  const auto refused = [](const ByteVector &probe, size_t tlv_index, const Circumstances &given) {
    const Answer answer = answer_to(probe, given);
    const Tlv tlv = answer.tlvs().at(tlv_index);
    CHECK_EQ(tlv.flags, kUnrecognized);
    return tlv.value.size;
  };
  const ByteVector cheap = ProbeBuilder().tlv(kFollowUpRequest, kOpenPrice - 1).bytes();
  CHECK_EQ(refused(cheap, 0, {}), kOpenPrice - 1);
  const ByteVector paid = ProbeBuilder().tlv(kFollowUpRequest, kOpenPrice).bytes();
  CHECK_EQ(refused(paid, 0, {nullptr, false}), kOpenPrice);
  const ByteVector twice = ProbeBuilder().tlv(kFollowUpRequest, kOpenPrice).tlv(kFollowUpRequest, 500).bytes();
  CHECK_EQ(refused(twice, 1, {}), 500);
}

TEST(reflector_returns_what_does_not_fit_as_it_came) {
  const ByteVector probe = ProbeBuilder().tlv(kExtraPadding, 4).raw({0x80, 7, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8}).bytes();
  const Answer answer = answer_to(probe);
  CHECK_EQ(answer.bytes.size(), probe.size());
  const size_t at = kBaseBytes + kTlvHeaderBytes + 4;
  CHECK_EQ(answer.bytes[at], kMalformed);
  CHECK(same_bytes(view(answer.bytes).from(at + 1), view(probe).from(at + 1)));
  CHECK_EQ(answer_to(ProbeBuilder().raw({0x80}).bytes()).bytes[kBaseBytes], kMalformed);
}

TEST(reflector_signs_its_answer_and_the_tlvs_in_it) {
  const HmacKey key = key_of("secret");
  const ByteVector probe = ProbeBuilder(&key)
                               .tlv(kFollowUpTelemetry, kFollowUpValueBytes)
                               .tlv(kFollowUpRequest, kAuthenticatedPrice)
                               .hmac_tlv(key)
                               .tlv(kExtraPadding, 30)
                               .bytes();
  const Answer answer = answer_to(probe, {&key, true, kPrevious});
  CHECK(verify_base(answer.bytes.data(), key));
  const auto tlvs = answer.tlvs(true);
  CHECK_EQ(tlvs.size(), 4);
  for (const Tlv &tlv : tlvs) CHECK_EQ(tlv.flags, 0);
  CHECK_EQ(decode_follow_up(tlvs[0].value.data).sequence, kPrevious.sequence);
  CHECK_EQ(tlvs[1].value.size, 0);
  CHECK_EQ(tlvs[2].type, kHmac);
  CHECK(verify_hmac_tlv(view(answer.bytes), kAuthenticatedBytes, tlvs[2], key));
  CHECK_EQ(tlvs[3].value.size, 30);
  ByteVector second(kMaxFollowUpBytes);
  const size_t follow_up = make_follow_up(answer.bytes.data(), {kT3, kT4, false}, &key, second.data());
  CHECK_EQ(follow_up, follow_up_bytes(true));
  CHECK(answer.bytes.size() + follow_up + kPacketOverheadBytes <= probe.size());
}

TEST(reflector_in_authenticated_mode_believes_signed_tlvs_only) {
  const HmacKey key = key_of("secret");
  const HmacKey other = key_of("Secret");
  const auto asking = [&] {
    return ProbeBuilder(&key).tlv(kFollowUpRequest, kAuthenticatedPrice).tlv(kFollowUpTelemetry, kFollowUpValueBytes);
  };
  check_integrity_failed(asking().bytes(), key, 2);
  check_integrity_failed(asking().hmac_tlv(other).bytes(), key, 3);
  check_integrity_failed(asking().tlv(kHmac, 15).bytes(), key, 3);
  check_integrity_failed(asking().tlv(kHmac, 0).bytes(), key, 3);
  ByteVector changed = asking().hmac_tlv(key).bytes();
  changed[kAuthenticatedBytes + 10] ^= 1;
  check_integrity_failed(changed, key, 3);
}

// RFC 8972 4.8: HMAC in any other place than behind all TLVs but Extra Padding
// is a failed verification. TLVs behind it are not signed: whoever sees a
// signed probe could add them.
TEST(reflector_takes_no_tlv_that_stands_behind_the_hmac) {
  const HmacKey key = key_of("secret");
  const auto signed_probe = [&] { return ProbeBuilder(&key).tlv(200, 8).hmac_tlv(key); };
  check_integrity_failed(signed_probe().tlv(kFollowUpRequest, kAuthenticatedPrice).bytes(), key, 3);
  check_integrity_failed(signed_probe().tlv(kFollowUpTelemetry, kFollowUpValueBytes).bytes(), key, 3);
  check_integrity_failed(signed_probe().tlv(kExtraPadding, 4).tlv(200, 0).bytes(), key, 4);
  // Each would grow to a whole HMAC if it were signed anew.
  check_integrity_failed(signed_probe().tlv(kHmac, 0).tlv(kHmac, 0).tlv(kHmac, 0).bytes(), key, 5);
}

// RFC 8972 4.8: the one case in which no HMAC TLV is needed.
TEST(reflector_takes_extra_padding_alone_without_an_hmac) {
  const HmacKey key = key_of("secret");
  const Answer answer = answer_to(ProbeBuilder(&key).tlv(kExtraPadding, 100).bytes(), {&key});
  CHECK_EQ(answer.tlvs(true).at(0).flags, 0);
  check_integrity_failed(ProbeBuilder(&key).tlv(kExtraPadding, 1).tlv(kExtraPadding, 1).bytes(), key, 2);
  CHECK_EQ(answer_to(ProbeBuilder(&key).bytes(), {&key}).bytes.size(), kAuthenticatedBytes);
}

TEST(follow_up_carries_the_exact_times) {
  const HmacKey key = key_of("secret");
  for (const HmacKey *const chosen : {static_cast<const HmacKey *>(nullptr), &key}) {
    const bool authenticated = chosen != nullptr;
    const Answer answer = answer_to(ProbeBuilder(chosen, {9, 10, 0x0001, 11}).bytes(), {chosen});
    ByteVector packet(follow_up_bytes(authenticated));
    const ExactTimes exact{kT3 + 5, kT4 + 6, true};
    CHECK_EQ(make_follow_up(answer.bytes.data(), exact, chosen, packet.data()), packet.size());
    const auto base = *decode_reflector(view(packet), authenticated);
    CHECK_EQ(base.sender_sequence, 9);
    CHECK_EQ(base.ssid, 11);
    CHECK_EQ(base.receive_timestamp, encode_time(kT3 + 5, false));
    const auto tlvs = tlvs_of(packet, authenticated);
    const FollowUp told = decode_follow_up(tlvs.at(0).value.data);
    CHECK_EQ(tlvs[0].type, kFollowUpTelemetry);
    CHECK_EQ(told.sequence, 9);
    CHECK_EQ(told.timestamp, encode_time(kT4 + 6, false));
    CHECK_EQ(told.mode, kHardwareAssisted);
    if (!authenticated) continue;
    CHECK(verify_base(packet.data(), key));
    CHECK(verify_hmac_tlv(view(packet), kAuthenticatedBytes, tlvs.at(1), key));
  }
}

TEST(reflector_never_answers_with_more_than_it_got) {
  const HmacKey key = key_of("secret");
  Random random(3);
  const uint8_t types[] = {kExtraPadding, kFollowUpTelemetry, kHmac, kFollowUpRequest, 200};
  for (int i = 0; i < 20'000; ++i) {
    const bool authenticated = random.one_in(2);
    ProbeBuilder probe(authenticated ? &key : nullptr);
    for (uint64_t left = random.below(6); left > 0; --left) {
      if (random.one_in(4)) {
        probe.hmac_tlv(key);
      } else {
        probe.tlv(types[random.below(5)], random.below(300), static_cast<uint8_t>(random.next()));
      }
    }
    const Answer answer = answer_to(probe.bytes(), {authenticated ? &key : nullptr, true, kPrevious});
    size_t sent = answer.bytes.size();
    if (answer.reflection.wants_follow_up) sent += follow_up_bytes(authenticated) + kPacketOverheadBytes;
    CHECK(sent <= probe.bytes().size());
  }
}

}  // namespace weft::test
