// What a device counts, under the names that the command `get` knows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace fake_verbs {

enum class Count {
  kPostedSends,      // work requests taken
  kPostedReceives,
  kRefusedSends,     // posts that failed: wrong state, full queue, bad request
  kRefusedReceives,
  kMadeAhs,          // address handles
  kSent,             // packets put on the wire
  kReceived,         // packets that became a receive completion
  kDuplicated,       // by a fault
  kDelayed,          // by a fault
  kDroppedFault,     // counted at the sender
  kDroppedLoss,      // setting `loss`, at the sender
  kDroppedPortDown,  // at whichever port was down
  kDroppedNoRoute,   // no device has the address; at the sender
  kDroppedNoQp,      // from here on at the receiver
  kDroppedState,
  kDroppedQkey,
  kDroppedPkey,
  kDroppedNoReceive,  // no receive was posted
  kLostCompletions,   // by a fault
  kErrorCompletions,  // completions with a status other than success, flushes among them
  kCqOverruns,
  kCqEvents,     // events put on completion channels
  kAsyncEvents,  // events put on contexts
  kPlannedFailures,
  kBusy,     // EBUSY: something was to be destroyed that others still use
  kBlocked,  // a destroy had to wait for events to be acknowledged
  kLeaked,   // objects that were left when their context was closed
  kMisuse,   // what no driver bears: over-acknowledged events, polls within polls, reads without one
  kEnd,
};

constexpr size_t kCounts = static_cast<size_t>(Count::kEnd);

constexpr std::array<const char *, kCounts> kCountNames = {
    "posted_sends",       "posted_receives",    "refused_sends",      "refused_receives",   "made_ahs",
    "sent",               "received",           "duplicated",         "delayed",            "dropped_fault",
    "dropped_loss",       "dropped_port_down",  "dropped_no_route",   "dropped_no_qp",      "dropped_state",
    "dropped_qkey",       "dropped_pkey",       "dropped_no_receive", "lost_completions",   "error_completions",
    "cq_overruns",        "cq_events",          "async_events",       "planned_failures",   "busy",
    "blocked",            "leaked",             "misuse",
};

class Counters {
 public:
  void add(Count count, uint64_t n = 1) { values_[static_cast<size_t>(count)] += n; }
  uint64_t at(size_t index) const { return values_[index]; }

 private:
  std::array<uint64_t, kCounts> values_{};
};

}  // namespace fake_verbs
