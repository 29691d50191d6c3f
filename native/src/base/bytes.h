// Views of bytes, and big-endian access to them. Callers check the size first: these do not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace weft {

struct Bytes {
  const uint8_t* data = nullptr;
  size_t size = 0;

  Bytes first(size_t n) const { return {data, n}; }
  Bytes from(size_t offset) const { return {data + offset, size - offset}; }
};

struct MutableBytes {
  uint8_t* data = nullptr;
  size_t size = 0;

  operator Bytes() const { return {data, size}; }
};

inline uint16_t get_u16(const uint8_t* at) { return static_cast<uint16_t>(at[0] << 8 | at[1]); }

inline uint32_t get_u32(const uint8_t* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return __builtin_bswap32(value);
}

inline uint64_t get_u64(const uint8_t* at) {
  uint64_t value;
  std::memcpy(&value, at, sizeof value);
  return __builtin_bswap64(value);
}

inline void put_u16(uint8_t* at, uint16_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}

inline void put_u32(uint8_t* at, uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(at, &value, sizeof value);
}

inline void put_u64(uint8_t* at, uint64_t value) {
  value = __builtin_bswap64(value);
  std::memcpy(at, &value, sizeof value);
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records and byte swaps assume a little-endian machine");

}  // namespace weft
