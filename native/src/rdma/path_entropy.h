// From the number of a path to what makes ECMP choose another way for it: the flow label of its address handle, from
// which a driver that honours labels makes the UDP source port of RoCE v2.
#pragma once

#include <cstdint>

namespace weft {

// What rdma_flow_label_to_udp_sport of the kernel (include/rdma/ib_verbs.h) and of rdma-core (ibv_flow_label_to_udp_sport)
// makes of 20 bits of flow label.
constexpr uint16_t source_port_of(uint32_t flow_label) {
  constexpr uint32_t kLowBits = 0x3fff;
  constexpr uint32_t kFirstPort = 0xc000;
  return static_cast<uint16_t>(((flow_label & kLowBits) ^ (flow_label & 0xf'ffff) >> 14) | kFirstPort);
}

// Never 0, which would let the driver choose. Paths 0-255 (0-16382, in fact) get a source port each; steps of the golden
// ratio through the range keep any number of them spread over it. The upper six bits are 0, so that the source port is
// 0xc000 + label: easy to find on the wire.
constexpr uint32_t flow_label_of(uint16_t path) {
  constexpr uint32_t kPorts = 0x4000;
  constexpr uint32_t kStep = 10'127;  // about kPorts / 1.618; odd: it meets every port before one again
  return (path + 1u) * kStep % kPorts;
}

}  // namespace weft
