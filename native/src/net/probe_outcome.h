// From the timestamps of one probe to its record: DESIGN.md, "What is measured". Pure functions.
#pragma once

#include "base/record.h"
#include "net/pending_table.h"

namespace weft {

// The record of a probe without an answer: timeout, late, duplicate or send error.
Record unanswered_record(const Pending& probe, ProbeResult result, int error = 0);

// The record of an answered probe: success, or invalid when the figures cannot be true.
Record answered_record(const Pending& probe);

}  // namespace weft
