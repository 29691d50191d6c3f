#include "settings.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace fake_verbs {

namespace {

template <typename T>
bool take_integer(std::string_view text, T &target, uint64_t most = std::numeric_limits<T>::max()) {
  uint64_t number = 0;
  if (!parse_integer(text, number) || number > most) return false;
  target = static_cast<T>(number);
  return true;
}

bool take_us(std::string_view text, int64_t &ns) {
  double us = 0;
  if (!parse_number(text, us) || us < 0) return false;
  ns = std::llround(us * 1000);
  return true;
}

bool take_fraction(std::string_view text, double &target) {
  double number = 0;
  if (!parse_number(text, number) || number < 0 || number > 1) return false;
  target = number;
  return true;
}

bool take_link(std::string_view text, Link &link) {
  if (text == "roce4") link = Link::kRoceIpv4;
  else if (text == "roce6") link = Link::kRoceIpv6;
  else if (text == "ib") link = Link::kInfiniband;
  else return false;
  return true;
}

bool take_clock(std::string_view text, ClockKind &clock) {
  if (text == "none") clock = ClockKind::kNone;
  else if (text == "raw") clock = ClockKind::kRaw;
  else if (text == "ns") clock = ClockKind::kWallClock;
  else return false;
  return true;
}

bool take_mtu(std::string_view text, uint32_t &mtu) {
  uint32_t bytes = 0;
  if (!take_integer(text, bytes) || bytes < 256 || bytes > 4096 || (bytes & (bytes - 1)) != 0) return false;
  mtu = bytes;
  return true;
}

bool take_bits(std::string_view text, unsigned &bits) {
  return take_integer(text, bits, 64) && bits > 0;
}

// Whether the key is known; `good` whether the value is.
bool take(Settings &settings, std::string_view key, std::string_view value, bool &good) {
  if (key == "link") good = take_link(value, settings.link);
  else if (key == "latency_us") good = take_us(value, settings.latency_ns);
  else if (key == "clock") good = take_clock(value, settings.clock);
  else if (key == "clock_hz") good = take_integer(value, settings.clock_hz, 4'000'000'000) && settings.clock_hz >= 1000;
  else if (key == "mask_bits") good = take_bits(value, settings.mask_bits);
  else if (key == "drift_ppm") good = parse_number(value, settings.drift_ppm);
  else if (key == "loss") good = take_fraction(value, settings.loss);
  else if (key == "seed") good = take_integer(value, settings.seed);
  else if (key == "completion_delay_us") good = take_us(value, settings.completion_delay_ns);
  else if (key == "moderation_us") good = take_us(value, settings.moderation_ns);
  else if (key == "resolve_us") good = take_us(value, settings.resolve_ns);
  else if (key == "flow_labels") good = take_integer(value, settings.flow_labels, 1);
  else if (key == "mtu") good = take_mtu(value, settings.mtu);
  else if (key == "max_inline") good = take_integer(value, settings.max_inline);
  else if (key == "max_qp_wr") good = take_integer(value, settings.max_qp_wr);
  else if (key == "max_cqe") good = take_integer(value, settings.max_cqe, 1 << 20);
  else if (key == "next_qpn") good = take_integer(value, settings.next_qpn, 0xff'ffff);
  else if (key == "lid") good = take_integer(value, settings.lid);
  else if (key == "vendor_id") good = take_integer(value, settings.vendor_id);
  else if (key == "ifindex") good = take_integer(value, settings.ifindex);
  else return false;
  return true;
}

}  // namespace

bool parse_number(std::string_view text, double &number) {
  const std::string copy(text);
  char *end = nullptr;
  number = std::strtod(copy.c_str(), &end);
  return !copy.empty() && *end == '\0' && std::isfinite(number);
}

bool parse_integer(std::string_view text, uint64_t &number) {
  const std::string copy(text);
  char *end = nullptr;
  errno = 0;
  number = std::strtoull(copy.c_str(), &end, 0);
  return !copy.empty() && copy[0] != '-' && *end == '\0' && errno == 0;
}

std::string parse_setting(Settings &settings, std::string_view key, std::string_view value) {
  bool good = false;
  if (!take(settings, key, value, good)) return "no setting is called " + std::string(key);
  return good ? "" : std::string(key) + " cannot be " + std::string(value);
}

std::string change_setting(Settings &settings, std::string_view key, std::string_view value) {
  return key == "link" ? "link is set by configure only" : parse_setting(settings, key, value);
}

}  // namespace fake_verbs
