// What a Session-Reflector (RFC 8762 4.3, RFC 8972) answers to one packet. A pure function, so that tests and the fuzzer
// need no socket. An answer is never larger than the packet it answers; with its follow-up, and the second set of IP
// and UDP headers that one costs, it still is not.
#pragma once

#include <cstdint>

#include "net/stamp_packet.h"

namespace weft::stamp {

enum class Refusal : uint8_t { kNone = 0, kShort, kMalformed, kUnauthenticated };

// IPv6 and UDP header: what a second packet costs on the wire beyond its payload.
constexpr size_t kPacketOverheadBytes = 48;

// The exact T4 of the packet before, for Follow-Up Telemetry.
struct PreviousReflection {
  uint32_t sequence = 0;
  int64_t t4_ns = 0;  // 0 = not known
};

struct ReflectionInput {
  Bytes packet;
  int64_t t3_ns = 0;  // UTC
  int64_t t4_ns = 0;  // UTC, just before sending
  uint8_t ttl = 0;
  bool exact_t4 = false;  // TX stamps are to be had: without them there is neither follow-up nor telemetry
  const HmacKey* key = nullptr;  // authenticated mode
};

struct Reflection {
  Refusal refusal = Refusal::kNone;
  size_t size = 0;
  bool ptp = false;
  bool wants_follow_up = false;       // the probe asked for a follow-up and paid for it
  bool wants_telemetry = false;       // the probe carries Follow-Up Telemetry: remember its exact T4
  size_t telemetry_offset = 0;        // of the TLV's value in the answer
};

// Writes the answer. REQUIRES: `out` has room for as many bytes as the packet has.
Reflection reflect(const ReflectionInput& input, uint8_t* out);

// Fills in the Follow-Up Telemetry that `reflect` left empty. Call before `finish`.
void put_telemetry(const Reflection& reflection, const PreviousReflection& previous, uint8_t* out);

// Signs the answer where a key is set. Call last.
void finish(const Reflection& reflection, const HmacKey* key, uint8_t* out);

// The follow-up of an answer: the same base packet, and Follow-Up Telemetry with its own sequence number and exact T4.
// `answer` is the answer's base. Returns the size. REQUIRES: kMaxFollowUpBytes at `out`.
constexpr size_t kMaxFollowUpBytes =
    kAuthenticatedBytes + kTlvHeaderBytes + kFollowUpValueBytes + kTlvHeaderBytes + kHmac128Bytes;
struct ExactTimes {
  int64_t t3_ns = 0;
  int64_t t4_ns = 0;
  bool hardware = false;
};
size_t make_follow_up(const uint8_t* answer, const ExactTimes& times, const HmacKey* key, uint8_t* out);

// Size of a follow-up, and what a probe's TLV 241 has to hold at least to pay for it.
constexpr size_t follow_up_bytes(bool authenticated) {
  return base_bytes(authenticated) + kTlvHeaderBytes + kFollowUpValueBytes +
         (authenticated ? kTlvHeaderBytes + kHmac128Bytes : 0);
}
constexpr size_t follow_up_price_bytes(bool authenticated) {
  return follow_up_bytes(authenticated) + kPacketOverheadBytes;
}

}  // namespace weft::stamp
