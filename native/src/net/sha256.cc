#include "net/sha256.h"

#include <algorithm>
#include <cstring>

namespace weft {

namespace {

// First 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2).
constexpr uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

// First 32 bits of the fractional parts of the square roots of the first 8 primes (5.3.3).
constexpr std::array<uint32_t, 8> kInitial = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

constexpr size_t kHmacBlockBytes = 64;
constexpr uint8_t kInnerPad = 0x36;
constexpr uint8_t kOuterPad = 0x5c;

uint32_t rotate(uint32_t value, int bits) { return value >> bits | value << (32 - bits); }

}  // namespace

Sha256::Sha256() : state_(kInitial) {}

void Sha256::update(Bytes data) {
  total_bytes_ += data.size;
  while (data.size > 0) {
    const size_t taken = std::min(data.size, kBlockBytes - filled_);
    std::memcpy(block_.data() + filled_, data.data, taken);
    filled_ += taken;
    data = data.from(taken);
    if (filled_ == kBlockBytes) {
      compress(block_.data());
      filled_ = 0;
    }
  }
}

std::array<uint8_t, kSha256Bytes> Sha256::finish() {
  const uint64_t bits = total_bytes_ * 8;
  const uint8_t one = 0x80;
  const uint8_t zero = 0;
  update({&one, 1});
  while (filled_ != kBlockBytes - sizeof bits) update({&zero, 1});
  uint8_t length[sizeof bits];
  put_u64(length, bits);
  update({length, sizeof length});
  std::array<uint8_t, kSha256Bytes> digest;
  for (size_t i = 0; i < state_.size(); ++i) put_u32(digest.data() + 4 * i, state_[i]);
  return digest;
}

void Sha256::compress(const uint8_t* block) {
  uint32_t w[64];
  for (int i = 0; i < 16; ++i) w[i] = get_u32(block + 4 * i);
  for (int i = 16; i < 64; ++i) {
    const uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    const uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  auto [a, b, c, d, e, f, g, h] = state_;
  for (int i = 0; i < 64; ++i) {
    const uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + kRound[i] + w[i];
    const uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  const uint32_t sums[8] = {a, b, c, d, e, f, g, h};
  for (size_t i = 0; i < state_.size(); ++i) state_[i] += sums[i];
}

HmacKey::HmacKey(Bytes key) {
  uint8_t block[kHmacBlockBytes] = {};
  if (key.size > kHmacBlockBytes) {
    Sha256 hash;
    hash.update(key);
    const auto digest = hash.finish();
    std::memcpy(block, digest.data(), digest.size());
  } else if (key.size > 0) {
    std::memcpy(block, key.data, key.size);
  }
  uint8_t pad[kHmacBlockBytes];
  std::transform(block, block + kHmacBlockBytes, pad, [](uint8_t byte) { return byte ^ kInnerPad; });
  inner_.update({pad, sizeof pad});
  std::transform(block, block + kHmacBlockBytes, pad, [](uint8_t byte) { return byte ^ kOuterPad; });
  outer_.update({pad, sizeof pad});
}

std::array<uint8_t, kHmac128Bytes> HmacKey::sign(Bytes first, Bytes second) const {
  Sha256 inner = inner_;
  inner.update(first);
  inner.update(second);
  const auto digest = inner.finish();
  Sha256 outer = outer_;
  outer.update({digest.data(), digest.size()});
  const auto full = outer.finish();
  std::array<uint8_t, kHmac128Bytes> truncated;
  std::copy_n(full.begin(), truncated.size(), truncated.begin());
  return truncated;
}

bool HmacKey::verify(Bytes first, Bytes second, const uint8_t* expected) const {
  const auto actual = sign(first, second);
  uint8_t difference = 0;
  for (size_t i = 0; i < actual.size(); ++i) difference |= actual[i] ^ expected[i];
  return difference == 0;
}

}  // namespace weft
