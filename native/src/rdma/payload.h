// What an RDMA probe and its two answers carry: DESIGN.md, "RDMA: UD queue pairs". Pure functions over bytes.
//
// Big-endian: version u8 | type u8 | ack u8 | flags u8 | sequence u64 | T1 u64 | T3 u64 | T4 u64 | reserved u32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace weft {

constexpr size_t kPayloadBytes = 40;
constexpr uint8_t kPayloadVersion = 1;

enum class PayloadType : uint8_t { kProbe = 0, kAck = 1 };

// Flags of an ACK, told by the reflector.
constexpr uint8_t kStoodStill = 1;     // its program was not running when the probe came in: T3 is worthless
constexpr uint8_t kQueueRanEmpty = 2;  // its receive queue ran empty within the last second: losses may be the host's
constexpr uint8_t kHardwareStamps = 4;  // T3 and T4 are its NIC's

struct Payload {
  PayloadType type = PayloadType::kProbe;
  uint8_t ack = 0;  // 0 in a probe; 1: the answer itself; 2: T3 and T4 of that answer, should it not have told T4
  uint8_t flags = 0;
  uint64_t sequence = 0;  // of the probe: random epoch u32, counter u32
  // ns, each on the clock of the end that took it; 0 when it is not told.
  uint64_t t1 = 0;
  uint64_t t3 = 0;
  uint64_t t4 = 0;
};

// Whether T3 and T4 are in it: of ACK2 always, of ACK1 when its reflector has no completion stamps.
inline bool tells(const Payload& ack) { return ack.ack == 2 || ack.t4 != 0; }

// REQUIRES: kPayloadBytes at `to`.
void encode(const Payload& payload, uint8_t* to);

// Nothing when the packet is shorter than a payload, or of another version, type or ack. What follows the payload is
// padding; flags that this version does not know are left out.
std::optional<Payload> decode(Bytes packet);

}  // namespace weft
