#include "net/tcp_outcome.h"

#include <algorithm>
#include <cerrno>

#include "base/clock.h"

namespace weft {

namespace {

uint8_t saturated(uint32_t count) { return static_cast<uint8_t>(std::min<uint32_t>(count, UINT8_MAX)); }

}  // namespace

Handshake handshake_of(int error) {
  switch (error) {
    case 0:
    // A reset before the handshake is ECONNREFUSED; these come after it.
    case ECONNRESET:
    case EPIPE:
      return Handshake::kDone;
    case ECONNREFUSED:
      return Handshake::kRefused;
    default:
      return Handshake::kUnanswered;
  }
}

void take_connected(Record& record, const HandshakeReading& reading) {
  record.result = ProbeResult::kSuccess;
  record.tcp.syn_retransmits = saturated(reading.info.retransmits);
  record.program_rtt_ns = static_cast<double>(reading.connect_ns);
  // Which of the SYNs was answered nobody knows; the kernel then has a reading in ms of another clock.
  if (reading.info.retransmits > 0) return;
  const int64_t rtt_ns = reading.info.rtt_ns;
  const bool plausible = rtt_ns <= reading.timeout_ns && rtt_ns <= reading.connect_ns;
  if (!plausible) record.result = ProbeResult::kInvalid;
  record.network_rtt_ns = static_cast<double>(rtt_ns);
  record.prober_delay_ns = static_cast<double>(reading.connect_ns - rtt_ns);
}

void take_refused(Record& record, const HandshakeReading& reading) {
  record.result = ProbeResult::kSuccess;
  record.tcp.refused = 1;
  record.tcp.syn_retransmits = saturated(reading.info.retransmits);
  record.program_rtt_ns = static_cast<double>(reading.connect_ns);
}

void take_unanswered(Record& record, const TcpInfo& info, int error) {
  record.result = ProbeResult::kTimeout;
  record.tcp.syn_retransmits = saturated(info.retransmits);
  // The kernel's own giving up is silence too.
  record.error = static_cast<uint16_t>(error == ETIMEDOUT ? 0 : error);
}

void take_exchange(Record& record, const TcpExchange& exchange, Exchange outcome, const TcpInfo& info) {
  record.tcp.exchange = outcome;
  record.tcp.http_status = exchange.http_status();
  record.tcp.exchange_retransmits =
      saturated(info.retransmits - std::min<uint32_t>(info.retransmits, record.tcp.syn_retransmits));
  if (outcome == Exchange::kSuccess) record.exchange_ns = static_cast<double>(exchange.took_ns());
}

}  // namespace weft
