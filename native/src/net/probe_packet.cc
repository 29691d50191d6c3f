#include "net/probe_packet.h"

#include <cstring>

namespace weft::stamp {

namespace {

size_t append_tlv(uint8_t* out, size_t size, uint8_t type, size_t length) {
  encode_tlv_header(out + size, kUnrecognized, type, length);
  std::memset(out + size + kTlvHeaderBytes, 0, length);
  return size + kTlvHeaderBytes + length;
}

}  // namespace

ProbeSize encode_probe(uint8_t* out, const SenderPacket& packet, bool plain, size_t payload_bytes,
                       const HmacKey* key) {
  const bool authenticated = key != nullptr;
  const size_t base = base_bytes(authenticated);
  encode_sender(out, packet, authenticated);
  if (authenticated) sign_base(out, *key);
  size_t size = base;
  if (!plain) {
    size = append_tlv(out, size, kFollowUpTelemetry, kFollowUpValueBytes);
    size = append_tlv(out, size, kFollowUpRequest, follow_up_price_bytes(authenticated));
    if (authenticated) size = append_hmac_tlv(out, base, size, kUnrecognized, *key);
  }
  if (plain) return {size, payload_bytes > size ? payload_bytes - size : 0};
  if (payload_bytes < size + kTlvHeaderBytes) return {size, 0};
  const size_t padding = payload_bytes - size - kTlvHeaderBytes;
  encode_tlv_header(out + size, kUnrecognized, kExtraPadding, padding);
  return {size + kTlvHeaderBytes, padding};
}

AnswerError decode_answer(Bytes packet, const HmacKey* key, ProbeAnswer& answer) {
  const bool authenticated = key != nullptr;
  const size_t base = base_bytes(authenticated);
  const auto decoded = decode_reflector(packet, authenticated);
  if (!decoded) return AnswerError::kShort;
  if (authenticated && !verify_base(packet.data, *key)) return AnswerError::kUnauthenticated;
  answer.base = *decoded;
  if (authenticated && !verify_tlvs(packet, base, *key)) return AnswerError::kNone;
  TlvReader reader(packet, base);
  while (const auto tlv = reader.next()) {
    if (!tlv->understood()) continue;
    if (tlv->type == kFollowUpRequest && tlv->value.size == 0) answer.follow_up_promised = true;
    if (tlv->type == kFollowUpTelemetry && tlv->value.size == kFollowUpValueBytes) {
      answer.telemetry = decode_follow_up(tlv->value.data);
    }
  }
  return AnswerError::kNone;
}

}  // namespace weft::stamp
