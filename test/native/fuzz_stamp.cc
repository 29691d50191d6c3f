// Fuzz target over all that reads packets of strangers: reflect, put_telemetry,
// finish, make_follow_up and decode_answer. With clang: clang++
// -fsanitize=fuzzer,address,undefined -Inative/src -Itest/native
// test/native/fuzz_stamp.cc native/src/… Without: fuzz_main.cc drives it.
//
// The first byte chooses the circumstances; with the bit kResign the packet's
// HMACs are made right, so that the fuzzer gets behind them.

#include <cstdint>
#include <memory>

#include "check.h"
#include "net/probe_packet.h"
#include "net/stamp_reflection.h"
#include "packet_builder.h"

namespace weft::test {

namespace {

using namespace stamp;

enum Circumstance : uint8_t { kAuthenticated = 1, kResign = 2, kExactT4 = 4, kKnowsPrevious = 8, kHardware = 16 };

constexpr int64_t kT3 = 1'700'000'000'000'000'000;
constexpr int64_t kT4 = kT3 + 1'000;
constexpr size_t kMaxProbeBytes = 9'216;  // udp_reflector.cc refuses what is larger

// Signs the base and the first HMAC TLV that has room for it.
void resign(uint8_t *packet, size_t size, const HmacKey &key) {
  if (size < kAuthenticatedBytes) return;
  sign_base(packet, key);
  TlvReader reader({packet, size}, kAuthenticatedBytes);
  while (const auto tlv = reader.next()) {
    if (tlv->type != kHmac || tlv->value.size != kHmac128Bytes) continue;
    append_hmac_tlv(packet, kAuthenticatedBytes, tlv->offset, tlv->flags, key);
    return;
  }
}

// In memory of its own and of exactly its size: the sanitizer sees every byte
// too many.
std::unique_ptr<uint8_t[]> copy_of(const uint8_t *data, size_t size) {
  std::unique_ptr<uint8_t[]> copy(new uint8_t[size]);
  if (size > 0) std::memcpy(copy.get(), data, size);
  return copy;
}

void check_follow_up(const uint8_t *answer, const Reflection &reflection, size_t probe_size, const HmacKey *key,
                     bool hardware) {
  const bool authenticated = key != nullptr;
  const size_t expected = follow_up_bytes(authenticated);
  std::unique_ptr<uint8_t[]> packet(new uint8_t[expected]);
  const auto base = copy_of(answer, base_bytes(authenticated));
  CHECK_EQ(make_follow_up(base.get(), {kT3, kT4, hardware}, key, packet.get()), expected);
  if (reflection.wants_follow_up) CHECK(reflection.size + expected + kPacketOverheadBytes <= probe_size);
  ProbeAnswer decoded;
  CHECK_EQ(decode_answer({packet.get(), expected}, key, decoded), AnswerError::kNone);
  CHECK(decoded.is_follow_up());
}

void reflect_and_check(Bytes packet, uint8_t chosen, const HmacKey *key) {
  std::unique_ptr<uint8_t[]> out(new uint8_t[packet.size]);
  const bool exact_t4 = (chosen & kExactT4) != 0;
  const Reflection reflection = reflect({packet, kT3, kT4, 64, exact_t4, key}, out.get());
  if (reflection.refusal != Refusal::kNone) return;
  CHECK(reflection.size <= packet.size);
  CHECK(reflection.size >= base_bytes(key != nullptr));
  CHECK(exact_t4 || !reflection.wants_follow_up);
  put_telemetry(reflection, (chosen & kKnowsPrevious) != 0 ? PreviousReflection{7, kT4} : PreviousReflection{},
                out.get());
  finish(reflection, key, out.get());
  ProbeAnswer decoded;
  CHECK_EQ(decode_answer({out.get(), reflection.size}, key, decoded), AnswerError::kNone);
  CHECK_EQ(decoded.base.sender_sequence, get_u32(packet.data));
  if (reflection.wants_follow_up) CHECK(decoded.follow_up_promised);
  check_follow_up(out.get(), reflection, packet.size, key, (chosen & kHardware) != 0);
}

}  // namespace

}  // namespace weft::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace weft::test;
  static const weft::HmacKey secret = key_of("secret");
  if (size == 0 || size > kMaxProbeBytes + 1) return 0;
  const uint8_t chosen = data[0];
  const weft::HmacKey *const key = (chosen & kAuthenticated) != 0 ? &secret : nullptr;
  const auto packet = copy_of(data + 1, size - 1);
  if (key != nullptr && (chosen & kResign) != 0) resign(packet.get(), size - 1, *key);
  weft::stamp::ProbeAnswer decoded;
  static_cast<void>(weft::stamp::decode_answer({packet.get(), size - 1}, key, decoded));
  reflect_and_check({packet.get(), size - 1}, chosen, key);
  return 0;
}
