// The raw result of one probe, and the header of a slice: what TypeScript reads (native/index.ts has the same layout).
// Times are doubles, NaN where there is no figure: exact for any duration below 104 days and for UTC in microseconds, and JavaScript reads them
// without BigInt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/clock.h"

namespace weft {

enum class ProbeResult : uint8_t { kSuccess = 0, kTimeout, kSendError, kInvalid, kLate, kDuplicate };
constexpr size_t kProbeResults = 6;

// Ordered: a record carries the weakest of the clocks that stamped it.
enum class StampClock : uint8_t { kUser = 0, kKernel, kHardware };

enum class T4Source : uint8_t { kNone = 0, kInline, kFollowUp, kTlv7 };

// How the exchange on an opened TCP connection ended: a payload echoed, or an HTTP request answered.
enum class Exchange : uint8_t { kNone = 0, kSuccess, kTimeout, kInvalid, kReset };

// A delay that was not measured.
constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

// What only TCP probes know.
struct TcpReading {
  uint8_t syn_retransmits;       // SYNs sent again, whatever the result; 255 stands for more
  uint8_t exchange_retransmits;  // segments sent again after the handshake, likewise
  uint16_t http_status;          // 0: none came
  uint16_t source_port;
  uint8_t refused;  // 1: the host answered the SYN with a reset
  Exchange exchange;
};

struct Record {
  uint32_t target_id;
  uint16_t path;
  ProbeResult result;
  StampClock clock;
  T4Source t4;
  uint8_t answer_ttl;
  uint16_t error;  // errno of a send error; of a timeout when an ICMP message ended the probe
  uint32_t sequence;
  double sent_us;  // UTC
  double network_rtt_ns;
  double prober_delay_ns;
  union {
    double responder_delay_ns;
    double exchange_ns;  // TCP: from the first byte sent to the whole echo, or to the first byte of the HTTP answer
  };
  double program_rtt_ns;  // TCP: the time of the connect
  TcpReading tcp;
};
static_assert(sizeof(Record) == 64);
static_assert(offsetof(Record, sequence) == 12 && offsetof(Record, sent_us) == 16 && offsetof(Record, tcp) == 56);

// The record of a probe of which nothing was measured.
inline Record record_of(uint32_t target_id, uint16_t path, uint32_t sequence, int64_t sent_utc_ns, ProbeResult result) {
  Record record{};
  record.target_id = target_id;
  record.path = path;
  record.result = result;
  record.sequence = sequence;
  record.sent_us = static_cast<double>(sent_utc_ns / kNsPerUs);
  record.network_rtt_ns = kNotMeasured;
  record.prober_delay_ns = kNotMeasured;
  record.responder_delay_ns = kNotMeasured;
  record.program_rtt_ns = kNotMeasured;
  return record;
}

struct SliceHeader {
  uint32_t count;
  uint32_t flags;
  double settled_us;  // every probe sent before this is answered or timed out, UTC
  uint8_t reserved[48];
};
static_assert(sizeof(SliceHeader) == 64);
constexpr uint32_t kEngineClosed = 1;
// The engine's endpoint or state has changed since the last slice (RDMA).
constexpr uint32_t kEngineChanged = 2;

// What one slice fills.
struct Slice {
  std::vector<Record> records;
  size_t capacity = 0;  // records the caller takes; a step of the engine may overshoot, the rest goes with the next slice
  double settled_us = 0;
  bool closed = false;
  bool changed = false;

  bool full() const { return records.size() >= capacity; }
};

}  // namespace weft
