#include "net/stamp_packet.h"

#include <cstring>

#include "base/clock.h"

namespace weft::stamp {

namespace {

constexpr int64_t kNtpToUnixSeconds = 2'208'988'800;
// NTP seconds below this belong to era 1 (from 2036 on): RFC 4330's rule on the top bit.
constexpr uint32_t kNtpEraPivot = 0x8000'0000;

// Where the fields stand. Authenticated packets spread the same fields over 16-byte blocks.
struct Layout {
  size_t timestamp, error_estimate, ssid;
  size_t receive_timestamp, sender_sequence, sender_timestamp, sender_error_estimate, sender_ttl;
};
constexpr Layout kOpen = {4, 12, 14, 16, 24, 28, 36, 40};
constexpr Layout kAuthenticated = {16, 24, 26, 32, 48, 64, 72, 80};

const Layout& layout(bool authenticated) { return authenticated ? kAuthenticated : kOpen; }

}  // namespace

uint64_t encode_time(int64_t utc_ns, bool ptp) {
  const int64_t seconds = utc_ns / kNsPerS;
  const uint64_t nanoseconds = static_cast<uint64_t>(utc_ns % kNsPerS);
  if (ptp) return static_cast<uint64_t>(seconds) << 32 | nanoseconds;
  const uint64_t fraction = ((nanoseconds << 32) + kNsPerS / 2) / kNsPerS;
  return (static_cast<uint64_t>(seconds + kNtpToUnixSeconds) << 32) + fraction;
}

int64_t decode_time(uint64_t wire, bool ptp) {
  const uint32_t seconds = static_cast<uint32_t>(wire >> 32);
  const uint64_t low = wire & 0xffff'ffff;
  if (ptp) return static_cast<int64_t>(seconds) * kNsPerS + static_cast<int64_t>(low);
  const int64_t era = seconds < kNtpEraPivot ? int64_t{1} << 32 : 0;
  const int64_t nanoseconds = static_cast<int64_t>((low * kNsPerS + (uint64_t{1} << 31)) >> 32);
  return (era + seconds - kNtpToUnixSeconds) * kNsPerS + nanoseconds;
}

void encode_sender(uint8_t* out, const SenderPacket& packet, bool authenticated) {
  const Layout& at = layout(authenticated);
  std::memset(out, 0, base_bytes(authenticated));
  put_u32(out, packet.sequence);
  put_u64(out + at.timestamp, packet.timestamp);
  put_u16(out + at.error_estimate, packet.error_estimate);
  put_u16(out + at.ssid, packet.ssid);
}

void encode_reflector(uint8_t* out, const ReflectorPacket& packet, bool authenticated) {
  const Layout& at = layout(authenticated);
  std::memset(out, 0, base_bytes(authenticated));
  put_u32(out, packet.sequence);
  put_u64(out + at.timestamp, packet.timestamp);
  put_u16(out + at.error_estimate, packet.error_estimate);
  put_u16(out + at.ssid, packet.ssid);
  put_u64(out + at.receive_timestamp, packet.receive_timestamp);
  put_u32(out + at.sender_sequence, packet.sender_sequence);
  put_u64(out + at.sender_timestamp, packet.sender_timestamp);
  put_u16(out + at.sender_error_estimate, packet.sender_error_estimate);
  out[at.sender_ttl] = packet.sender_ttl;
}

namespace {

// What both kinds of packet begin with.
template <typename Packet>
Packet decode_head(Bytes packet, const Layout& at) {
  Packet decoded;
  decoded.sequence = get_u32(packet.data);
  decoded.timestamp = get_u64(packet.data + at.timestamp);
  decoded.error_estimate = get_u16(packet.data + at.error_estimate);
  decoded.ssid = get_u16(packet.data + at.ssid);
  return decoded;
}

}  // namespace

std::optional<SenderPacket> decode_sender(Bytes packet, bool authenticated) {
  if (packet.size < base_bytes(authenticated)) return std::nullopt;
  const Layout& at = layout(authenticated);
  return decode_head<SenderPacket>(packet, at);
}

std::optional<ReflectorPacket> decode_reflector(Bytes packet, bool authenticated) {
  if (packet.size < base_bytes(authenticated)) return std::nullopt;
  const Layout& at = layout(authenticated);
  auto decoded = decode_head<ReflectorPacket>(packet, at);
  decoded.receive_timestamp = get_u64(packet.data + at.receive_timestamp);
  decoded.sender_sequence = get_u32(packet.data + at.sender_sequence);
  decoded.sender_timestamp = get_u64(packet.data + at.sender_timestamp);
  decoded.sender_error_estimate = get_u16(packet.data + at.sender_error_estimate);
  decoded.sender_ttl = packet.data[at.sender_ttl];
  return decoded;
}

void sign_base(uint8_t* packet, const HmacKey& key) {
  const auto hmac = key.sign({packet, kSignedBytes});
  std::memcpy(packet + kSignedBytes, hmac.data(), hmac.size());
}

bool verify_base(const uint8_t* packet, const HmacKey& key) {
  return key.verify({packet, kSignedBytes}, {}, packet + kSignedBytes);
}

std::optional<Tlv> TlvReader::next() {
  const size_t left = packet_.size - at_;
  if (left == 0 || malformed_) return std::nullopt;
  const uint8_t* header = packet_.data + at_;
  if (left < kTlvHeaderBytes || left - kTlvHeaderBytes < get_u16(header + 2)) {
    malformed_ = at_;
    return std::nullopt;
  }
  Tlv tlv{header[0], header[1], {header + kTlvHeaderBytes, get_u16(header + 2)}, at_};
  at_ += kTlvHeaderBytes + tlv.value.size;
  return tlv;
}

void encode_tlv_header(uint8_t* out, uint8_t flags, uint8_t type, size_t length) {
  out[0] = flags;
  out[1] = type;
  put_u16(out + 2, static_cast<uint16_t>(length));
}

void encode_follow_up(uint8_t* value, const FollowUp& follow_up) {
  put_u32(value, follow_up.sequence);
  put_u64(value + 4, follow_up.timestamp);
  put_u32(value + 12, static_cast<uint32_t>(follow_up.mode) << 24);
}

FollowUp decode_follow_up(const uint8_t* value) {
  return {get_u32(value), get_u64(value + 4), value[12]};
}

size_t append_hmac_tlv(uint8_t* packet, size_t base, size_t size, uint8_t flags, const HmacKey& key) {
  const auto hmac = key.sign({packet, kSequenceBytes}, {packet + base, size - base});
  encode_tlv_header(packet + size, flags, kHmac, hmac.size());
  std::memcpy(packet + size + kTlvHeaderBytes, hmac.data(), hmac.size());
  return size + kTlvHeaderBytes + hmac.size();
}

bool verify_hmac_tlv(Bytes packet, size_t base, const Tlv& tlv, const HmacKey& key) {
  if (tlv.value.size != kHmac128Bytes) return false;
  return key.verify(packet.first(kSequenceBytes), {packet.data + base, tlv.offset - base}, tlv.value.data);
}

bool verify_tlvs(Bytes packet, size_t base, const HmacKey& key) {
  TlvReader reader(packet, base);
  bool covered = false;
  bool needs_cover = false;
  size_t count = 0;
  while (const auto tlv = reader.next()) {
    ++count;
    if (tlv->type == kExtraPadding) continue;
    if (covered) return false;
    needs_cover = true;
    if (tlv->type != kHmac) continue;
    if (!verify_hmac_tlv(packet, base, *tlv, key)) return false;
    covered = true;
  }
  return covered || (!needs_cover && count <= 1 && !reader.malformed_offset());
}

}  // namespace weft::stamp
