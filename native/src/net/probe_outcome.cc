#include "net/probe_outcome.h"

#include <algorithm>

namespace weft {

namespace {

T4Source t4_source(const Pending& probe) {
  if (!probe.exact_t4) return T4Source::kInline;
  return probe.telemetry ? T4Source::kTlv7 : T4Source::kFollowUp;
}

}  // namespace

Record unanswered_record(const Pending& probe, ProbeResult result, int error) {
  Record record = record_of(probe.target_id, probe.path, probe.sequence, probe.sent.realtime, result);
  record.error = static_cast<uint16_t>(error);
  return record;
}

Record answered_record(const Pending& probe) {
  StampPair wire = pair_stamps(probe.t2, probe.t5);
  if (wire.clock == StampClock::kUser) {
    wire.first_ns = probe.sent.realtime;
    wire.second_ns = probe.seen.realtime;
  }
  const int64_t on_wire = wire.second_ns - wire.first_ns;
  const int64_t in_program = probe.seen.monotonic - probe.sent.monotonic;
  const int64_t responder_delay = probe.t4_ns - probe.t3_ns;
  const int64_t network_rtt = on_wire - responder_delay;
  // The two readings of a ClockPair are not quite one instant; a real contradiction is larger than that.
  const int64_t slack = probe.sent.uncertainty_ns + probe.seen.uncertainty_ns + kNsPerUs;
  const int64_t prober_delay = in_program - on_wire;
  const bool stepped = wire.clock != StampClock::kHardware && clock_stepped(probe.sent, probe.seen);
  const bool plausible = !stepped && network_rtt >= 0 && network_rtt <= probe.timeout_ns && responder_delay >= 0 &&
                         prober_delay >= -slack;
  Record record = unanswered_record(probe, plausible ? ProbeResult::kSuccess : ProbeResult::kInvalid);
  record.clock = std::min(wire.clock, probe.exact_t4 ? probe.reflector_clock : StampClock::kUser);
  record.t4 = t4_source(probe);
  record.answer_ttl = probe.answer_ttl;
  record.network_rtt_ns = static_cast<double>(network_rtt);
  record.prober_delay_ns = static_cast<double>(plausible ? std::max<int64_t>(prober_delay, 0) : prober_delay);
  record.responder_delay_ns = static_cast<double>(responder_delay);
  record.program_rtt_ns = static_cast<double>(in_program);
  return record;
}

}  // namespace weft
