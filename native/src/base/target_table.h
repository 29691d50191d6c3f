// The targets as native/index.ts encodes them: little-endian, address as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

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
  char address[64];  // IPv4 or IPv6 literal, NUL-terminated
  // The HTTP request to send once connected, in `TargetTable::requests`; none when empty.
  uint32_t request_offset;
  uint16_t request_bytes;
  uint16_t expected_status;
};
static_assert(sizeof(TargetEntry) == 96 && offsetof(TargetEntry, address) == 24 &&
              offsetof(TargetEntry, request_offset) == 88);

constexpr uint8_t kTargetPlain = 1;

struct TargetTable {
  std::vector<TargetEntry> entries;
  std::vector<uint8_t> requests;
};

}  // namespace weft
