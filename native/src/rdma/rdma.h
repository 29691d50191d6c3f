// The door of this layer: what the rest of the addon knows of RDMA. Includes nothing of verbs, since the addon is also
// built where their header is missing; without_verbs.cc then stands in and says so.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/engine.h"
#include "base/result.h"

namespace weft {

struct RdmaConfig {
  std::string device;
  uint8_t port = 1;
  int gid_index = -1;   // -1: that of `address`, or else the one that suits best
  std::string address;  // IPv4 or IPv6 literal; empty: any
  uint16_t pkey_index = 0;
  uint32_t qkey = 0;
  uint8_t service_level = 0;
  uint8_t traffic_class = 0;  // of probes whose target names no DSCP; an answer has that of its probe
  uint16_t queue_pairs = 0;   // of the prober; 0: one, or eight where the driver ignores flow labels
  uint32_t receive_slots = 2048;  // of each end: the prober's queue pairs share them
  bool busy_poll = false;
  double rate_limit = 0;  // probes answered a second and source; 0: none
  bool probe = true;
  bool reflect = true;
};

enum class RdmaState : uint8_t { kActive = 0, kDown, kGone };
enum class RdmaLink : uint8_t { kRoce = 0, kInfiniband };

// What others need to probe the reflector of an engine, and how it is stamped.
struct RdmaStatus {
  RdmaState state = RdmaState::kGone;
  std::string gid;
  uint32_t qpn = 0;
  uint16_t lid = 0;
  uint32_t gid_index = 0;
  RdmaLink link = RdmaLink::kRoce;
  bool hardware_clock = false;
  std::vector<std::string> events;  // since the last call, oldest first
};

// What an RDMA engine tells beside its records. Thread-safe.
class RdmaMonitor {
 public:
  virtual ~RdmaMonitor() = default;
  // Hands out the events.
  virtual RdmaStatus status() = 0;
};

// Two views of one object.
struct RdmaEngine {
  std::shared_ptr<Engine> engine;
  std::shared_ptr<RdmaMonitor> monitor;
};

// Errors: see native/index.ts, createRdmaEngine.
Result<RdmaEngine> open_rdma_engine(const RdmaConfig& config);

enum class GidType : uint8_t { kInfiniband = 0, kRoceV1, kRoceV2 };
enum class CompletionStamps : uint8_t { kNone = 0, kTicks, kWallclock };

struct GidInfo {
  uint32_t index = 0;
  std::string gid;
  GidType type = GidType::kRoceV2;
  std::string interface;
  bool preferred = false;
};

struct PortInfo {
  uint8_t number = 0;
  const char* state = "";
  RdmaLink link = RdmaLink::kRoce;
  uint32_t mtu = 0;
  uint16_t lid = 0;
  std::vector<GidInfo> gids;
};

struct DeviceInfo {
  std::string name;
  bool soft = false;  // the driver ignores flow labels
  CompletionStamps stamps = CompletionStamps::kNone;
  uint64_t clock_khz = 0;
  std::vector<PortInfo> ports;
  std::string problem;  // why it could not be asked
};

Result<std::vector<DeviceInfo>> list_rdma_devices();

}  // namespace weft
