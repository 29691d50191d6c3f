#include "net/tcp_outcome.h"

#include <cerrno>
#include <cmath>

#include "base/clock.h"
#include "check.h"

namespace weft::test {

namespace {

Record head() { return record_of(9, 3, 1234, 1'700'000'000 * kNsPerS, ProbeResult::kSendError); }

HandshakeReading reading(int64_t rtt_ns, uint32_t retransmits = 0, int64_t connect_ns = 80 * kNsPerUs) {
  return {{rtt_ns, retransmits}, connect_ns, kNsPerS};
}

Record connected(const HandshakeReading& of) {
  Record record = head();
  take_connected(record, of);
  return record;
}

}  // namespace

TEST(handshake_by_what_ended_the_socket) {
  for (const int after : {0, ECONNRESET, EPIPE}) CHECK_EQ(handshake_of(after), Handshake::kDone);
  CHECK_EQ(handshake_of(ECONNREFUSED), Handshake::kRefused);
  for (const int none : {ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EACCES}) {
    CHECK_EQ(handshake_of(none), Handshake::kUnanswered);
  }
}

TEST(outcome_of_a_handshake_is_what_the_kernel_says) {
  const Record record = connected(reading(7 * kNsPerUs));
  CHECK_EQ(record.result, ProbeResult::kSuccess);
  CHECK_EQ(record.target_id, 9);
  CHECK_EQ(record.path, 3);
  CHECK_EQ(record.network_rtt_ns, 7'000.0);
  CHECK_EQ(record.prober_delay_ns, 73'000.0);
  CHECK_EQ(record.program_rtt_ns, 80'000.0);
  CHECK_EQ(record.tcp.syn_retransmits, 0);
  CHECK_EQ(record.tcp.exchange, Exchange::kNone);
}

TEST(outcome_after_a_lost_syn_has_no_network_rtt) {
  const Record record = connected(reading(kNsPerMs, 2, 2 * kNsPerS));
  CHECK_EQ(record.result, ProbeResult::kSuccess);
  CHECK(std::isnan(record.network_rtt_ns) && std::isnan(record.prober_delay_ns));
  CHECK_EQ(record.program_rtt_ns, 2e9);
  CHECK_EQ(record.tcp.syn_retransmits, 2);
  CHECK_EQ(connected(reading(0, 300)).tcp.syn_retransmits, 255);
}

TEST(handshake_that_cannot_be_true_is_invalid) {
  CHECK_EQ(connected(reading(81 * kNsPerUs)).result, ProbeResult::kInvalid);
  CHECK_EQ(connected(reading(kNsPerS + kNsPerUs, 0, 2 * kNsPerS)).result, ProbeResult::kInvalid);
  CHECK_EQ(connected(reading(80 * kNsPerUs)).result, ProbeResult::kSuccess);
}

TEST(refused_is_a_success_without_network_rtt) {
  Record record = head();
  take_refused(record, reading(0, 1));
  CHECK_EQ(record.result, ProbeResult::kSuccess);
  CHECK_EQ(record.tcp.refused, 1);
  CHECK_EQ(record.tcp.syn_retransmits, 1);
  CHECK(std::isnan(record.network_rtt_ns));
  CHECK_EQ(record.program_rtt_ns, 80'000.0);
}

TEST(silence_and_unreachable_are_told_apart) {
  for (const int silence : {0, ETIMEDOUT}) {
    Record record = head();
    take_unanswered(record, {0, 3}, silence);
    CHECK_EQ(record.result, ProbeResult::kTimeout);
    CHECK_EQ(record.error, 0);
    CHECK_EQ(record.tcp.syn_retransmits, 3);
    CHECK(std::isnan(record.network_rtt_ns) && std::isnan(record.program_rtt_ns));
  }
  Record record = head();
  take_unanswered(record, {}, EHOSTUNREACH);
  CHECK_EQ(record.result, ProbeResult::kTimeout);
  CHECK_EQ(record.error, EHOSTUNREACH);
}

TEST(exchange_counts_its_own_retransmits) {
  Record record = connected(reading(7 * kNsPerUs, 2, 2 * kNsPerS));
  take_exchange(record, TcpExchange(), Exchange::kTimeout, {0, 5});
  CHECK_EQ(record.result, ProbeResult::kSuccess);
  CHECK_EQ(record.tcp.exchange, Exchange::kTimeout);
  CHECK_EQ(record.tcp.exchange_retransmits, 3);
  CHECK(std::isnan(record.exchange_ns));
}

}  // namespace weft::test
