// One simulated device: what is known of it, whoever has it open. Guarded by the mutex of the world.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <unordered_map>

#include "clock.h"
#include "counters.h"
#include "faults.h"
#include "objects.h"
#include "random.h"
#include "settings.h"
#include "verbs_abi.h"

namespace fake_verbs {

constexpr uint8_t kPort = 1;
constexpr size_t kGids = 8;
constexpr size_t kPkeys = 4;
constexpr uint16_t kDefaultPkey = 0xffff;
constexpr size_t kRememberedPackets = 64;

struct GidEntry {
  ibv_gid gid{};  // zero: empty
  ibv_gid_type type = IBV_GID_TYPE_ROCE_V2;

  bool empty() const;
};

struct Device {
  Device(unsigned number, const Settings &settings);

  // Comes back after it was removed, as another one: GIDs and queue pair numbers are new.
  void come_back();
  uint32_t next_qpn();
  // Whether packets to this address are its own.
  bool has_gid(const ibv_gid &gid) const;
  bool is_infiniband() const { return settings.link == Link::kInfiniband; }
  uint16_t lid() const;
  // The moment on its clocks, into a completion.
  void stamp(Completion &completion, int64_t time_ns) const;

  ibv_device verbs{};
  const unsigned number;
  unsigned generation = 0;
  bool present = true;
  ibv_port_state port_state = IBV_PORT_ACTIVE;
  Settings settings;
  NicClock clock;
  std::array<GidEntry, kGids> gids{};
  std::array<uint16_t, kPkeys> pkeys{kDefaultPkey};
  FaultRules faults;
  weft::test::Random random;
  Counters counters;
  std::set<Context *> contexts;
  std::unordered_map<uint32_t, Qp *> qps;  // of all contexts, by number
  std::deque<Packet> sent;                 // the last ones
  int64_t last_sent_ns = 0;

 private:
  void fill_gids();

  uint32_t last_qpn_;
};

}  // namespace fake_verbs
