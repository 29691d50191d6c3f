// The probe as our Session-Sender writes it, and what it understands of an answer. Pure functions.
#pragma once

#include <optional>

#include "net/stamp_packet.h"
#include "net/stamp_reflection.h"

namespace weft::stamp {

// Room for everything of a probe but its padding.
constexpr size_t kMaxProbeHeadBytes = kAuthenticatedBytes + 4 * kTlvHeaderBytes + kFollowUpValueBytes +
                                      follow_up_price_bytes(true) + kHmac128Bytes;

struct ProbeSize {
  size_t head = 0;
  size_t padding = 0;  // zero bytes behind the head
};

// Writes a probe of at least `payload_bytes`. Not plain: with Follow-Up Telemetry and a request for a follow-up.
ProbeSize encode_probe(uint8_t* out, const SenderPacket& packet, bool plain, size_t payload_bytes, const HmacKey* key);

struct ProbeAnswer {
  ReflectorPacket base;
  bool follow_up_promised = false;  // a weft reflector: a second packet will bring the exact T4
  std::optional<FollowUp> telemetry;  // understood by the reflector; timestamp 0 = it has none
  // The second packet itself: its telemetry speaks of its own sequence number.
  bool is_follow_up() const {
    return !follow_up_promised && telemetry && telemetry->timestamp != 0 && telemetry->sequence == base.sequence;
  }
};

enum class AnswerError : uint8_t { kNone, kShort, kUnauthenticated };
AnswerError decode_answer(Bytes packet, const HmacKey* key, ProbeAnswer& answer);

}  // namespace weft::stamp
