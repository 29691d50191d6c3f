// STAMP on the wire: RFC 8762 (base packets, unauthenticated and authenticated) and RFC 8972 (SSID, TLVs). Pure functions
// over bytes; nothing here does I/O or knows the time.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "net/sha256.h"

namespace weft::stamp {

constexpr uint16_t kDefaultPort = 862;
constexpr size_t kBaseBytes = 44;            // RFC 8762 4.2.1, 4.3.1
constexpr size_t kAuthenticatedBytes = 112;  // RFC 8762 4.2.2, 4.3.2
constexpr size_t kSignedBytes = 96;          // what the base HMAC covers, RFC 8762 4.4
constexpr size_t kSequenceBytes = 4;         // what the HMAC TLV covers besides the TLVs, RFC 8972 4.8
constexpr size_t kTlvHeaderBytes = 4;
constexpr size_t kFollowUpValueBytes = 16;   // RFC 8972 4.7

// RFC 8972, table 1; 240-251 are for experiments.
enum TlvType : uint8_t {
  kExtraPadding = 1,
  kFollowUpTelemetry = 7,
  kHmac = 8,
  // weft: asks for a follow-up packet. The value is padding that pays for it; the answer returns it empty.
  kFollowUpRequest = 241,
};

// RFC 8972 4: set by the sender as "not understood", cleared by a reflector that does.
constexpr uint8_t kUnrecognized = 0x80;
constexpr uint8_t kMalformed = 0x40;
constexpr uint8_t kIntegrityFailed = 0x20;

// Follow-Up Telemetry, "Timestamp M": RFC 8972, table 3.
constexpr uint8_t kHardwareAssisted = 1;
constexpr uint8_t kSoftwareLocal = 2;

// Error Estimate (RFC 4656 4.1.2): S | Z | scale 6 | multiplier 8. Z = 1: PTPv2 truncated format, else NTP.
constexpr uint16_t kPtpFormat = 0x4000;
constexpr uint16_t kOurErrorEstimate = kPtpFormat | 1;  // not synchronised, multiplier must not be 0

constexpr bool is_ptp(uint16_t error_estimate) { return (error_estimate & kPtpFormat) != 0; }
constexpr bool is_valid_error_estimate(uint16_t error_estimate) { return (error_estimate & 0xff) != 0; }

// UTC ns since 1970 to and from 64 bits on the wire. NTP (era 0 and 1, until 2104) rounds to 2^-32 s.
uint64_t encode_time(int64_t utc_ns, bool ptp);
int64_t decode_time(uint64_t wire, bool ptp);

struct SenderPacket {
  uint32_t sequence = 0;
  uint64_t timestamp = 0;
  uint16_t error_estimate = kOurErrorEstimate;
  uint16_t ssid = 0;
};

struct ReflectorPacket {
  uint32_t sequence = 0;
  uint64_t timestamp = 0;  // T4 as taken before sending
  uint16_t error_estimate = kOurErrorEstimate;
  uint16_t ssid = 0;
  uint64_t receive_timestamp = 0;  // T3
  uint32_t sender_sequence = 0;
  uint64_t sender_timestamp = 0;
  uint16_t sender_error_estimate = 0;
  uint8_t sender_ttl = 0;
};

constexpr size_t base_bytes(bool authenticated) { return authenticated ? kAuthenticatedBytes : kBaseBytes; }

// REQUIRES: `out` has base_bytes(authenticated). The HMAC field is left zero: see sign_base.
void encode_sender(uint8_t* out, const SenderPacket& packet, bool authenticated);
void encode_reflector(uint8_t* out, const ReflectorPacket& packet, bool authenticated);

// Nothing when the packet is shorter than its base.
std::optional<SenderPacket> decode_sender(Bytes packet, bool authenticated);
std::optional<ReflectorPacket> decode_reflector(Bytes packet, bool authenticated);

// Fills in, or checks, the HMAC of an authenticated base packet. REQUIRES: kAuthenticatedBytes.
void sign_base(uint8_t* packet, const HmacKey& key);
bool verify_base(const uint8_t* packet, const HmacKey& key);

struct Tlv {
  uint8_t flags = 0;
  uint8_t type = 0;
  Bytes value;
  size_t offset = 0;  // of the TLV in the packet

  bool understood() const { return (flags & (kUnrecognized | kMalformed | kIntegrityFailed)) == 0; }
};

// Walks the TLVs behind the base packet. `next` gives nothing at the end and at the first TLV that does not fit into
// the packet; `malformed_offset` then tells where that one begins.
class TlvReader {
 public:
  TlvReader(Bytes packet, size_t base) : packet_(packet), at_(base) {}

  std::optional<Tlv> next();
  std::optional<size_t> malformed_offset() const { return malformed_; }

 private:
  Bytes packet_;
  size_t at_;
  std::optional<size_t> malformed_;
};

// REQUIRES: kTlvHeaderBytes at `out`.
void encode_tlv_header(uint8_t* out, uint8_t flags, uint8_t type, size_t length);

struct FollowUp {
  uint32_t sequence = 0;
  uint64_t timestamp = 0;
  uint8_t mode = 0;
};
// REQUIRES: kFollowUpValueBytes.
void encode_follow_up(uint8_t* value, const FollowUp& follow_up);
FollowUp decode_follow_up(const uint8_t* value);

// Appends the HMAC TLV that covers the sequence number and all TLVs before it. Returns the new size.
// REQUIRES: room for kTlvHeaderBytes + kHmac128Bytes behind `size`.
size_t append_hmac_tlv(uint8_t* packet, size_t base, size_t size, uint8_t flags, const HmacKey& key);
// REQUIRES: `tlv` is of type kHmac, read from `packet`.
bool verify_hmac_tlv(Bytes packet, size_t base, const Tlv& tlv, const HmacKey& key);
// Whether the TLVs of an authenticated packet may be believed, RFC 8972 4.8: an HMAC TLV covers all of them but Extra
// Padding behind it. Extra Padding alone needs none.
bool verify_tlvs(Bytes packet, size_t base, const HmacKey& key);

}  // namespace weft::stamp
