#include "rdma/payload.h"

#include <cstring>

namespace weft {

namespace {

// Where the fields stand.
constexpr size_t kVersion = 0;
constexpr size_t kType = 1;
constexpr size_t kAck = 2;
constexpr size_t kFlags = 3;
constexpr size_t kSequence = 4;
constexpr size_t kT1 = 12;
constexpr size_t kT3 = 20;
constexpr size_t kT4 = 28;

constexpr uint8_t kKnownFlags = kStoodStill | kQueueRanEmpty | kHardwareStamps;

constexpr bool known(uint8_t type, uint8_t ack) {
  if (type == static_cast<uint8_t>(PayloadType::kProbe)) return ack == 0;
  return type == static_cast<uint8_t>(PayloadType::kAck) && (ack == 1 || ack == 2);
}

}  // namespace

void encode(const Payload& payload, uint8_t* to) {
  std::memset(to, 0, kPayloadBytes);
  to[kVersion] = kPayloadVersion;
  to[kType] = static_cast<uint8_t>(payload.type);
  to[kAck] = payload.ack;
  to[kFlags] = payload.flags;
  put_u64(to + kSequence, payload.sequence);
  put_u64(to + kT1, payload.t1);
  put_u64(to + kT3, payload.t3);
  put_u64(to + kT4, payload.t4);
}

std::optional<Payload> decode(Bytes packet) {
  if (packet.size < kPayloadBytes) return std::nullopt;
  const uint8_t* at = packet.data;
  if (at[kVersion] != kPayloadVersion || !known(at[kType], at[kAck])) return std::nullopt;
  Payload payload;
  payload.type = static_cast<PayloadType>(at[kType]);
  payload.ack = at[kAck];
  payload.flags = at[kFlags] & kKnownFlags;
  payload.sequence = get_u64(at + kSequence);
  payload.t1 = get_u64(at + kT1);
  payload.t3 = get_u64(at + kT3);
  payload.t4 = get_u64(at + kT4);
  return payload;
}

}  // namespace weft
