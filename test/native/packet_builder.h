// STAMP packets put together by hand, right and wrong ones.
#pragma once

#include <cstring>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "byte_vector.h"
#include "net/sha256.h"
#include "net/stamp_packet.h"

namespace weft::test {

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

}  // namespace weft::test
