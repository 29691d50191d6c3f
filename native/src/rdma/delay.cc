#include "rdma/delay.h"

#include <algorithm>

#include "base/clock.h"

namespace weft {

namespace {

using Duration = std::optional<int64_t>;

// How much longer a duration may look on one clock than on another. Oscillators of NICs are within 50 ppm each (IEEE 802.3
// allows 100); the kernel may besides let CLOCK_MONOTONIC gain or lose up to 500 ppm for NTP (adjtimex(2)).
constexpr int64_t kHardwareDrift = 10'000;
constexpr int64_t kSoftwareDrift = 1'000;

int64_t drift_ns(int64_t duration_ns, bool hardware) { return duration_ns / (hardware ? kHardwareDrift : kSoftwareDrift); }

// Beside a duration on CLOCK_MONOTONIC; two readings are not quite one instant.
int64_t slack_ns(int64_t duration_ns) { return kNsPerUs + drift_ns(duration_ns, false); }

// T3 and T4 are whatever a stranger sent: wraps around instead of overflowing.
int64_t difference(int64_t later, int64_t earlier) {
  return static_cast<int64_t>(static_cast<uint64_t>(later) - static_cast<uint64_t>(earlier));
}

Duration between(const Duration& earlier, const Duration& later) {
  if (!earlier || !later) return std::nullopt;
  return difference(*later, *earlier);
}

double figure(const Duration& duration) { return duration ? static_cast<double>(*duration) : kNotMeasured; }

struct Delays {
  int64_t program_rtt;
  Duration on_wire;    // T5 - T2
  Duration responder;
  Duration prober;
  Duration network;
};

Delays delays_of(const RdmaStamps& stamps) {
  Delays delays{};
  delays.program_rtt = stamps.t6_ns - stamps.t1_ns;
  delays.on_wire = between(stamps.t2_ns, stamps.t5_ns);
  delays.responder = between(stamps.t3_ns, stamps.t4_ns);
  if (stamps.stood_still_there && delays.responder) {
    // Its T3 is a guess on the safe side: it cannot have held the probe for longer than everything took.
    delays.responder = std::min(*delays.responder, delays.on_wire.value_or(delays.program_rtt));
  }
  if (stamps.stood_still_here) {
    if (delays.responder) delays.prober = difference(delays.program_rtt, *delays.responder);
  } else if (delays.on_wire) {
    delays.prober = difference(delays.program_rtt, *delays.on_wire);
  }
  if (delays.on_wire && delays.responder && !stamps.stood_still_here && !stamps.stood_still_there) {
    delays.network = difference(*delays.on_wire, *delays.responder);
    // A reflector that held the probe for long: its clock's error over that time is more than the network's share.
    if (*delays.network < 0 && *delays.network >= -drift_ns(*delays.responder, stamps.hardware)) delays.network.reset();
  }
  return delays;
}

bool plausible(const Delays& delays, const RdmaStamps& stamps) {
  // What lies within the exchange, on whatever clock, is neither negative nor longer than it.
  const auto within = [&](const Duration& part) {
    return !part || (*part >= 0 && *part <= delays.program_rtt + slack_ns(delays.program_rtt));
  };
  return within(delays.on_wire) && within(delays.responder) &&
         (!delays.network || (*delays.network >= 0 && *delays.network <= stamps.timeout_ns));
}

}  // namespace

void take_answered(Record& record, const RdmaStamps& stamps) {
  const Delays delays = delays_of(stamps);
  const bool valid = plausible(delays, stamps);
  record.result = valid ? ProbeResult::kSuccess : ProbeResult::kInvalid;
  record.clock = stamps.hardware ? StampClock::kHardware : StampClock::kUser;
  record.t4 = stamps.t3_ns && stamps.t4_ns ? stamps.t4_source : T4Source::kNone;
  record.program_rtt_ns = static_cast<double>(delays.program_rtt);
  record.network_rtt_ns = figure(delays.network);
  record.responder_delay_ns = figure(delays.responder);
  record.prober_delay_ns = figure(delays.prober);
  // Within the slack of two clocks.
  if (valid && delays.prober) record.prober_delay_ns = std::max(record.prober_delay_ns, 0.0);
}

}  // namespace weft
