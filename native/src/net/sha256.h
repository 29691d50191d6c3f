// SHA-256 (FIPS 180-4) and HMAC-SHA-256 truncated to 128 bits (RFC 2104, RFC 4868), as STAMP's authenticated mode uses.
// Own code because the addon may link nothing but libc, and Node's OpenSSL symbols are not a stable interface.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace weft {

constexpr size_t kSha256Bytes = 32;
constexpr size_t kHmac128Bytes = 16;

class Sha256 {
 public:
  Sha256();
  void update(Bytes data);
  std::array<uint8_t, kSha256Bytes> finish();  // call once

 private:
  static constexpr size_t kBlockBytes = 64;
  void compress(const uint8_t* block);

  std::array<uint32_t, 8> state_;
  std::array<uint8_t, kBlockBytes> block_{};
  size_t filled_ = 0;
  uint64_t total_bytes_ = 0;
};

// A key with both pads already hashed. Immutable once made, so any thread may use it.
class HmacKey {
 public:
  explicit HmacKey(Bytes key);
  // HMAC over the two parts one after the other; the second may be empty.
  std::array<uint8_t, kHmac128Bytes> sign(Bytes first, Bytes second = {}) const;
  // Constant time in the content.
  bool verify(Bytes first, Bytes second, const uint8_t* expected) const;

 private:
  Sha256 inner_;
  Sha256 outer_;
};

}  // namespace weft
