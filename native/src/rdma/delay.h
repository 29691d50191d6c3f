// From the timestamps of one answered RDMA probe to its record: DESIGN.md, "What is measured". Pure functions.
//
// Software stamps (`hardware` false) are readings of the host's monotonic clock, so that the time in which a program
// did not run would look like the network's: an end that stood still says so, and its time is given to that host.
// What software stamps cannot separate is a delay too short to be noticed as standing still.
#pragma once

#include <cstdint>
#include <optional>

#include "base/record.h"

namespace weft {

struct RdmaStamps {
  // CLOCK_MONOTONIC of the prober's program: before the post, and when ACK1 was handled.
  int64_t t1_ns = 0;
  int64_t t6_ns = 0;
  // The prober's completions of the probe and of ACK1, on one clock.
  std::optional<int64_t> t2_ns;
  std::optional<int64_t> t5_ns;
  // The reflector's, of the probe and of ACK1, on a clock of its own.
  std::optional<int64_t> t3_ns;
  std::optional<int64_t> t4_ns;
  T4Source t4_source = T4Source::kFollowUp;  // inline: from ACK1
  bool hardware = false;  // both ends' stamps are their NICs'
  // The end's program did not run when a message came in: T5 here, or T3 there, is later than the message.
  bool stood_still_here = false;
  bool stood_still_there = false;
  int64_t timeout_ns = 0;
};

// Adds delays, program_rtt, clock, t4 and result (success or invalid) to a record that has target, path, sequence and
// sent. What was not measured stays NaN: a stamp is missing, an end stood
// still, or the reflector held the probe for so long that the drift of its clock hides the network. The figures of an invalid record are
// as computed. REQUIRES: ACK1 came.
void take_answered(Record& record, const RdmaStamps& stamps);

}  // namespace weft
