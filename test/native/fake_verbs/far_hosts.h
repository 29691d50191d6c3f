// Hosts of which only the answers are here: each reflects the probes of weft (DESIGN.md, section 4) at queue pair
// kFarQpn. They stand for a fabric of more hosts than there can be devices in a process, and cost next to nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "faults.h"

namespace fake_verbs {

constexpr uint32_t kFarQpn = 1;
constexpr uint32_t kMostFarHosts = 1 << 16;
// T4 - T3 of all of them.
constexpr int64_t kFarResponderNs = 9'600;

// Host n has the GID ::ffff:10.1.x.y, n = 256 x + y. `count`: hosts there are.
bool is_far_host(const ibv_gid &gid, uint32_t count);

// What the host sends back for a packet that reaches it at `arrival_ns`: ACK1 and ACK2, or nothing when that is no probe.
// `sent_ns` says when each leaves.
std::vector<Packet> answers_of_far_host(const Packet &packet, int64_t arrival_ns);

}  // namespace fake_verbs
