// STAMP packets put together by hand, right and wrong ones.
#pragma once

#include <cstring>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "net/sha256.h"
#include "net/stamp_packet.h"

namespace weft::test {

using ByteVector = std::vector<uint8_t>;

inline Bytes view(const ByteVector &bytes) { return {bytes.data(), bytes.size()}; }

// "01 02 ff": spaces do not count.
inline ByteVector from_hex(std::string_view text) {
  ByteVector bytes;
  int high = -1;
  for (const char c : text) {
    if (c == ' ') continue;
    const int digit = c >= 'a' ? c - 'a' + 10 : c - '0';
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<uint8_t>(high << 4 | digit));
      high = -1;
    }
  }
  return bytes;
}

inline HmacKey key_of(std::string_view text) {
  return HmacKey({reinterpret_cast<const uint8_t *>(text.data()), text.size()});
}

// A Session-Sender packet: base first, then TLVs in the order they are added.
class ProbeBuilder {
 public:
  explicit ProbeBuilder(const HmacKey *key = nullptr, const stamp::SenderPacket &packet = {1, 2, 0x4001, 3})
      : key_(key), bytes_(stamp::base_bytes(key != nullptr)) {
    stamp::encode_sender(bytes_.data(), packet, key != nullptr);
    if (key != nullptr) stamp::sign_base(bytes_.data(), *key);
  }

  ProbeBuilder &tlv(uint8_t type, size_t length, uint8_t flags = stamp::kUnrecognized, uint8_t fill = 0xab) {
    const size_t at = bytes_.size();
    bytes_.resize(at + stamp::kTlvHeaderBytes + length, fill);
    stamp::encode_tlv_header(bytes_.data() + at, flags, type, length);
    return *this;
  }

  ProbeBuilder &hmac_tlv(const HmacKey &key) {
    const size_t at = bytes_.size();
    bytes_.resize(at + stamp::kTlvHeaderBytes + kHmac128Bytes);
    stamp::append_hmac_tlv(bytes_.data(), stamp::base_bytes(key_ != nullptr), at, stamp::kUnrecognized, key);
    return *this;
  }

  ProbeBuilder &raw(std::initializer_list<uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes);
    return *this;
  }

  const ByteVector &bytes() const { return bytes_; }

 private:
  const HmacKey *key_;
  ByteVector bytes_;
};

inline std::vector<stamp::Tlv> tlvs_of(const ByteVector &packet, bool authenticated = false) {
  std::vector<stamp::Tlv> all;
  stamp::TlvReader reader(view(packet), stamp::base_bytes(authenticated));
  while (const auto tlv = reader.next()) all.push_back(*tlv);
  return all;
}

inline bool filled_with(Bytes bytes, uint8_t fill) {
  for (size_t i = 0; i < bytes.size; ++i) {
    if (bytes.data[i] != fill) return false;
  }
  return true;
}

}  // namespace weft::test
