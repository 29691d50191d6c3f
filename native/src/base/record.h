// The raw result of one probe, and the header of a slice: what TypeScript reads (native/index.ts has the same layout).
// Times are doubles: exact for any duration below 104 days and for UTC in microseconds, and JavaScript reads them
// without BigInt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft {

enum class ProbeResult : uint8_t { kSuccess = 0, kTimeout, kSendError, kInvalid, kLate, kDuplicate };
constexpr size_t kProbeResults = 6;

// Ordered: a record carries the weakest of the clocks that stamped it.
enum class StampClock : uint8_t { kUser = 0, kKernel, kHardware };

enum class T4Source : uint8_t { kNone = 0, kInline, kFollowUp, kTlv7 };

struct Record {
  uint32_t target_id;
  uint16_t path;
  ProbeResult result;
  StampClock clock;
  T4Source t4;
  uint8_t answer_ttl;
  uint16_t error;  // errno of a send error
  uint32_t sequence;
  double sent_us;  // UTC
  double network_rtt_ns;
  double prober_delay_ns;
  double responder_delay_ns;
  double program_rtt_ns;
  uint8_t reserved[8];
};
static_assert(sizeof(Record) == 64);
static_assert(offsetof(Record, sequence) == 12 && offsetof(Record, sent_us) == 16);

struct SliceHeader {
  uint32_t count;
  uint32_t flags;
  double settled_us;  // every probe sent before this is answered or timed out, UTC
  uint8_t reserved[48];
};
static_assert(sizeof(SliceHeader) == 64);
constexpr uint32_t kEngineClosed = 1;

// What one slice fills.
struct Slice {
  std::vector<Record> records;
  size_t capacity = 0;  // records the caller takes; a step of the engine may overshoot, the rest goes with the next slice
  double settled_us = 0;
  bool closed = false;

  bool full() const { return records.size() >= capacity; }
};

}  // namespace weft
