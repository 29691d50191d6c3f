#include "rdma/gid_table.h"

#include <algorithm>
#include <cstring>

namespace weft {

namespace {

GidType type_of(uint32_t type) {
  if (type == IBV_GID_TYPE_ROCE_V2) return GidType::kRoceV2;
  return type == IBV_GID_TYPE_ROCE_V1 ? GidType::kRoceV1 : GidType::kInfiniband;
}

// Smaller is better.
int rank(const Gid& gid) {
  if (is_ipv4_mapped(gid)) return 0;
  return is_link_local(gid) ? 2 : 1;
}

bool suits(const GidEntry& entry, RdmaLink link) {
  return link == RdmaLink::kInfiniband || entry.type == GidType::kRoceV2;
}

}  // namespace

std::vector<GidEntry> read_gids(const Verbs& verbs, ibv_context* context, uint8_t port, int table_length) {
  std::vector<GidEntry> gids;
  for (int i = 0; i < table_length; ++i) {
    ibv_gid_entry raw{};
    if (verbs.query_gid_ex(context, port, static_cast<uint32_t>(i), &raw, 0, sizeof raw) != 0) continue;
    GidEntry entry;
    entry.index = static_cast<uint32_t>(i);
    std::memcpy(entry.gid.data(), raw.gid.raw, entry.gid.size());
    if (entry.gid == Gid{}) continue;
    entry.type = type_of(raw.gid_type);
    entry.interface_index = raw.ndev_ifindex;
    gids.push_back(entry);
  }
  return gids;
}

std::optional<GidEntry> preferred_gid(const std::vector<GidEntry>& gids, RdmaLink link) {
  const GidEntry* best = nullptr;
  for (const GidEntry& entry : gids) {
    if (!suits(entry, link)) continue;
    if (best == nullptr || (link == RdmaLink::kRoce && rank(entry.gid) < rank(best->gid))) best = &entry;
  }
  return best == nullptr ? std::nullopt : std::optional<GidEntry>(*best);
}

Result<GidEntry> choose_gid(const std::vector<GidEntry>& gids, RdmaLink link, const RdmaConfig& config) {
  if (config.gid_index >= 0) {
    const auto wanted = static_cast<uint32_t>(config.gid_index);
    const auto found =
        std::find_if(gids.begin(), gids.end(), [&](const GidEntry& entry) { return entry.index == wanted; });
    if (found == gids.end()) return Error{ENOENT, "gid"};
    return *found;
  }
  std::vector<GidEntry> candidates = gids;
  if (!config.address.empty()) {
    const auto wanted = parse_gid(config.address.c_str());
    candidates.erase(std::remove_if(candidates.begin(), candidates.end(),
                                    [&](const GidEntry& entry) { return !wanted || entry.gid != *wanted; }),
                     candidates.end());
  }
  const auto best = preferred_gid(candidates, link);
  if (!best) return Error{EADDRNOTAVAIL, "gid"};
  return *best;
}

}  // namespace weft
