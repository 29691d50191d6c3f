// The GIDs of a device's port, and which of them to probe from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rdma/gid.h"
#include "rdma/rdma.h"
#include "rdma/verbs.h"

namespace weft {

struct GidEntry {
  uint32_t index = 0;
  Gid gid{};
  GidType type = GidType::kRoceV2;
  uint32_t interface_index = 0;  // 0: none
};

// Empty entries are left out.
std::vector<GidEntry> read_gids(const Verbs& verbs, ibv_context* context, uint8_t port, int table_length);

// On RoCE one of version 2: the first of an IPv4 address, else of a global IPv6 address, else a link-local one. On
// InfiniBand the first.
std::optional<GidEntry> preferred_gid(const std::vector<GidEntry>& gids, RdmaLink link);

// The entry a configuration asks for. Errors, all of `gid`: ENOENT no such index, or it is empty; EADDRNOTAVAIL none of
// that address, or none that suits.
Result<GidEntry> choose_gid(const std::vector<GidEntry>& gids, RdmaLink link, const RdmaConfig& config);

}  // namespace weft
