// One target as native/index.ts encodes it: little-endian, address as text.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weft {

struct TargetEntry {
  uint32_t id;
  uint16_t port;
  uint16_t payload_bytes;
  uint16_t paths;
  uint8_t dscp;
  uint8_t ttl;
  uint8_t flags;
  uint8_t reserved[3];
  uint32_t interval_us;
  uint32_t timeout_us;
  char address[72];  // IPv4 or IPv6 literal, NUL-terminated
};
static_assert(sizeof(TargetEntry) == 96 && offsetof(TargetEntry, address) == 24);

constexpr uint8_t kTargetPlain = 1;

}  // namespace weft
