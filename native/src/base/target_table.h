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
  uint8_t reserved;
  uint16_t first_path;
  uint64_t interval_us;
  uint32_t timeout_us;
  // The HTTP request to send once connected, in `TargetTable::requests`; none when empty.
  uint32_t request_offset;
  uint16_t request_bytes;
  uint16_t expected_status;
  // RDMA: the queue pair that answers, and on InfiniBand the port's local identifier.
  uint32_t qpn;
  uint16_t lid;
  uint8_t reserved2[2];
  char address[68];  // IPv4 or IPv6 literal, NUL-terminated; RDMA: the GID, written as an IPv6 literal
};
static_assert(sizeof(TargetEntry) == 112 && offsetof(TargetEntry, interval_us) == 16 &&
              offsetof(TargetEntry, request_offset) == 28 && offsetof(TargetEntry, qpn) == 36 &&
              offsetof(TargetEntry, address) == 44);

constexpr uint8_t kTargetPlain = 1;
// Path ids go round: 0 … 255.
constexpr uint16_t kPathIds = 256;

struct TargetTable {
  std::vector<TargetEntry> entries;
  std::vector<uint8_t> requests;
};

}  // namespace weft
