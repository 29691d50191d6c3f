// What a device can be told, by FAKE_VERBS or the commands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fake_verbs {

enum class Link { kRoceIpv4, kRoceIpv6, kInfiniband };
// What its completions carry. A device with wall-clock stamps offers raw ones too, as mlx5 does.
enum class ClockKind { kNone, kRaw, kWallClock };

struct Settings {
  Link link = Link::kRoceIpv4;
  int64_t latency_ns = 4'800;
  ClockKind clock = ClockKind::kRaw;
  uint64_t clock_hz = 156'250'000;
  unsigned mask_bits = 48;
  double drift_ppm = 0;
  double loss = 0;
  uint64_t seed = 1;
  int64_t completion_delay_ns = 0;
  int64_t moderation_ns = 0;
  int64_t resolve_ns = 0;
  bool flow_labels = true;
  uint32_t mtu = 4096;
  uint32_t max_inline = 64;
  uint32_t max_qp_wr = 16'384;
  uint32_t max_cqe = 1 << 20;
  uint32_t next_qpn = 0;  // 0: as it comes
  uint16_t lid = 0;       // 0: device number + 1 on InfiniBand
  uint32_t vendor_id = 0;
  uint32_t ifindex = 1;   // of the loopback interface, which every host has
};

// Both return what is wrong, or nothing. `link` is refused by `change_setting`: tables are built from it.
std::string change_setting(Settings &settings, std::string_view key, std::string_view value);
std::string parse_setting(Settings &settings, std::string_view key, std::string_view value);

bool parse_number(std::string_view text, double &number);
// Decimal or 0x...; false when it is none or does not fit.
bool parse_integer(std::string_view text, uint64_t &number);

}  // namespace fake_verbs
