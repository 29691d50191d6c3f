// The 40 bytes in front of every message that a UD queue pair receives: whom it came from. Pure functions over bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "rdma/gid.h"

namespace weft {

constexpr size_t kGrhBytes = 40;

struct Grh {
  Gid source;
  Gid destination;
  uint32_t flow_label;    // 20 bits; 0 on IPv4, which has none
  uint8_t traffic_class;  // DSCP and ECN
  uint8_t hop_limit;      // what is left of it
  bool ipv4;
};

// InfiniBand, RoCE v1 and RoCE v2 over IPv6 deliver a GRH (an IPv6 header, InfiniBand specification 8.3); RoCE v2 over
// IPv4 delivers the IPv4 header in bytes 20-39. Bytes 0-19 are zero then with soft-RoCE, but other drivers leave them
// as they were, so that an old GRH may still stand there: an IPv4 header whose checksum is right is believed, as in
// rdma-core (get_grh_header_version of libibverbs/verbs.c). Nothing when it is neither.
// REQUIRES: kGrhBytes at `grh`, and IBV_WC_GRH in the completion: without it the bytes mean nothing.
std::optional<Grh> parse_grh(const uint8_t* grh);

}  // namespace weft
