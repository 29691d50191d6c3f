// Packets as vectors of bytes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"

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

inline bool filled_with(Bytes bytes, uint8_t fill) {
  for (size_t i = 0; i < bytes.size; ++i) {
    if (bytes.data[i] != fill) return false;
  }
  return true;
}

}  // namespace weft::test
