#include "net/stamp_reflection.h"

#include <cstring>

namespace weft::stamp {

namespace {

// Copies the TLVs into the answer one by one, marking what is not understood (RFC 8972 4). TLV 241 comes back empty.
class TlvEcho {
 public:
  TlvEcho(const ReflectionInput& input, size_t base, uint8_t* out, Reflection& reflection)
      : input_(input),
        base_(base),
        out_(out),
        reflection_(reflection),
        intact_(input.key == nullptr || verify_tlvs(input.packet, base, *input.key)) {}

  void run() {
    TlvReader reader(input_.packet, base_);
    while (const auto tlv = reader.next()) {
      // Signed anew, behind the TLVs as they are in the answer.
      if (tlv->type == kHmac && input_.key != nullptr && intact_) {
        append_hmac_placeholder();
        continue;
      }
      append(*tlv);
    }
    if (const auto offset = reader.malformed_offset()) append_malformed(*offset);
  }

 private:
  void append(const Tlv& tlv) {
    uint8_t flags = kUnrecognized;
    size_t length = tlv.value.size;
    if (!intact_) {
      flags = kIntegrityFailed;
    } else if (tlv.type == kExtraPadding) {
      flags = 0;
    } else if (tlv.type == kFollowUpTelemetry && input_.exact_t4) {
      flags = length == kFollowUpValueBytes ? 0 : kMalformed;
    } else if (tlv.type == kFollowUpRequest && input_.exact_t4 && !reflection_.wants_follow_up &&
               length >= follow_up_price_bytes(input_.key != nullptr)) {
      flags = 0;
      length = 0;
      reflection_.wants_follow_up = true;
    }
    uint8_t* const at = out_ + reflection_.size;
    encode_tlv_header(at, flags, tlv.type, length);
    if (length > 0) std::memcpy(at + kTlvHeaderBytes, tlv.value.data, length);
    if (tlv.type == kFollowUpTelemetry && flags == 0 && !reflection_.wants_telemetry) {
      reflection_.wants_telemetry = true;
      reflection_.telemetry_offset = reflection_.size + kTlvHeaderBytes;
      std::memset(at + kTlvHeaderBytes, 0, kFollowUpValueBytes);
    }
    reflection_.size += kTlvHeaderBytes + length;
  }

  void append_hmac_placeholder() {
    encode_tlv_header(out_ + reflection_.size, 0, kHmac, kHmac128Bytes);
    reflection_.size += kTlvHeaderBytes + kHmac128Bytes;
  }

  // The rest of the packet goes back as it came, its first TLV marked.
  void append_malformed(size_t offset) {
    const Bytes rest = input_.packet.from(offset);
    uint8_t* const at = out_ + reflection_.size;
    std::memcpy(at, rest.data, rest.size);
    at[0] = static_cast<uint8_t>((at[0] & ~kUnrecognized) | kMalformed);
    reflection_.size += rest.size;
  }

  const ReflectionInput& input_;
  const size_t base_;
  uint8_t* const out_;
  Reflection& reflection_;
  const bool intact_;
};

}  // namespace

Reflection reflect(const ReflectionInput& input, uint8_t* out) {
  Reflection reflection;
  const bool authenticated = input.key != nullptr;
  const auto probe = decode_sender(input.packet, authenticated);
  if (!probe) {
    reflection.refusal = Refusal::kShort;
    return reflection;
  }
  if (authenticated && !verify_base(input.packet.data, *input.key)) {
    reflection.refusal = Refusal::kUnauthenticated;
    return reflection;
  }
  if (!is_valid_error_estimate(probe->error_estimate)) {
    reflection.refusal = Refusal::kMalformed;
    return reflection;
  }
  reflection.ptp = is_ptp(probe->error_estimate);
  ReflectorPacket answer;
  answer.sequence = probe->sequence;  // stateless numbering, RFC 8762 4.3
  answer.timestamp = encode_time(input.t4_ns, reflection.ptp);
  answer.error_estimate = reflection.ptp ? kOurErrorEstimate : kOurErrorEstimate & ~kPtpFormat;
  answer.ssid = probe->ssid;
  answer.receive_timestamp = encode_time(input.t3_ns, reflection.ptp);
  answer.sender_sequence = probe->sequence;
  answer.sender_timestamp = probe->timestamp;
  answer.sender_error_estimate = probe->error_estimate;
  answer.sender_ttl = input.ttl;
  encode_reflector(out, answer, authenticated);
  reflection.size = base_bytes(authenticated);
  TlvEcho(input, reflection.size, out, reflection).run();
  return reflection;
}

void put_telemetry(const Reflection& reflection, const PreviousReflection& previous, uint8_t* out) {
  if (!reflection.wants_telemetry || previous.t4_ns == 0) return;
  encode_follow_up(out + reflection.telemetry_offset,
                   {previous.sequence, encode_time(previous.t4_ns, reflection.ptp), kSoftwareLocal});
}

void finish(const Reflection& reflection, const HmacKey* key, uint8_t* out) {
  if (key == nullptr) return;
  sign_base(out, *key);
  TlvReader reader({out, reflection.size}, kAuthenticatedBytes);
  while (const auto tlv = reader.next()) {
    if (tlv->type != kHmac || tlv->flags != 0) continue;
    append_hmac_tlv(out, kAuthenticatedBytes, tlv->offset, 0, *key);
    return;
  }
}

size_t make_follow_up(const uint8_t* answer, const ExactTimes& times, const HmacKey* key, uint8_t* out) {
  const bool authenticated = key != nullptr;
  const size_t base = base_bytes(authenticated);
  auto packet = *decode_reflector({answer, base}, authenticated);
  const bool ptp = is_ptp(packet.error_estimate);
  packet.receive_timestamp = encode_time(times.t3_ns, ptp);
  encode_reflector(out, packet, authenticated);
  if (authenticated) sign_base(out, *key);
  encode_tlv_header(out + base, 0, kFollowUpTelemetry, kFollowUpValueBytes);
  encode_follow_up(out + base + kTlvHeaderBytes, {packet.sequence, encode_time(times.t4_ns, ptp),
                                                  times.hardware ? kHardwareAssisted : kSoftwareLocal});
  const size_t size = base + kTlvHeaderBytes + kFollowUpValueBytes;
  return authenticated ? append_hmac_tlv(out, base, size, 0, *key) : size;
}

}  // namespace weft::stamp
