#include "rdma/delay.h"

#include <cmath>

#include "base/clock.h"
#include "check.h"
#include "random.h"

namespace weft::test {

namespace {

// Three clocks: nothing may depend on how they stand to one another.
constexpr int64_t kMonotonic = 55 * kNsPerS;
constexpr int64_t kNic = -7 * kNsPerS;
constexpr int64_t kReflector = 1'700'000'000 * kNsPerS;

// T1 = 0, T2 = 10 us, T3, T4 = T3 + 50 us, T5 = 110 us, T6 = 150 us: 50 us on
// the wire and back.
RdmaStamps exchange() {
  RdmaStamps stamps;
  stamps.t1_ns = kMonotonic;
  stamps.t6_ns = kMonotonic + 150 * kNsPerUs;
  stamps.t2_ns = kNic + 10 * kNsPerUs;
  stamps.t5_ns = kNic + 110 * kNsPerUs;
  stamps.t3_ns = kReflector;
  stamps.t4_ns = kReflector + 50 * kNsPerUs;
  stamps.hardware = true;
  stamps.timeout_ns = kNsPerMs;
  return stamps;
}

Record record_of_stamps(const RdmaStamps &stamps) {
  Record record = record_of(9, 3, 1234, kReflector, ProbeResult::kTimeout);
  take_answered(record, stamps);
  return record;
}

void check_result(const RdmaStamps &stamps, ProbeResult result) { CHECK_EQ(record_of_stamps(stamps).result, result); }
void check_success(const RdmaStamps &stamps) { check_result(stamps, ProbeResult::kSuccess); }
void check_invalid(const RdmaStamps &stamps) { check_result(stamps, ProbeResult::kInvalid); }

}  // namespace

TEST(rdma_delays) {
  const Record record = record_of_stamps(exchange());
  CHECK_EQ(record.result, ProbeResult::kSuccess);
  CHECK_EQ(record.network_rtt_ns, 50'000.0);
  CHECK_EQ(record.prober_delay_ns, 50'000.0);
  CHECK_EQ(record.responder_delay_ns, 50'000.0);
  CHECK_EQ(record.program_rtt_ns, 150'000.0);
  CHECK_EQ(record.clock, StampClock::kHardware);
  CHECK_EQ(record.t4, T4Source::kFollowUp);
  CHECK_EQ(record.target_id, 9);
  CHECK_EQ(record.path, 3);
  CHECK_EQ(record.sequence, 1234);
  CHECK_EQ(record.sent_us, static_cast<double>(kReflector / kNsPerUs));
}

TEST(rdma_delays_told_by_the_first_answer) {
  RdmaStamps stamps = exchange();
  stamps.t4_source = T4Source::kInline;
  CHECK_EQ(record_of_stamps(stamps).t4, T4Source::kInline);
}

TEST(rdma_record_says_which_clock) {
  RdmaStamps stamps = exchange();
  stamps.hardware = false;
  CHECK_EQ(record_of_stamps(stamps).clock, StampClock::kUser);
}

TEST(rdma_probe_without_ack2) {
  for (const bool t3_only : {false, true}) {
    RdmaStamps stamps = exchange();
    stamps.t4_ns.reset();
    if (!t3_only) stamps.t3_ns.reset();
    const Record record = record_of_stamps(stamps);
    CHECK_EQ(record.result, ProbeResult::kSuccess);
    CHECK(std::isnan(record.network_rtt_ns) && std::isnan(record.responder_delay_ns));
    CHECK_EQ(record.prober_delay_ns, 50'000.0);
    CHECK_EQ(record.program_rtt_ns, 150'000.0);
    CHECK_EQ(record.t4, T4Source::kNone);
  }
}

TEST(rdma_probe_without_a_completion_of_its_own) {
  for (const bool t2_missing : {true, false}) {
    RdmaStamps stamps = exchange();
    (t2_missing ? stamps.t2_ns : stamps.t5_ns).reset();
    const Record record = record_of_stamps(stamps);
    CHECK_EQ(record.result, ProbeResult::kSuccess);
    CHECK(std::isnan(record.network_rtt_ns) && std::isnan(record.prober_delay_ns));
    CHECK_EQ(record.responder_delay_ns, 50'000.0);
    CHECK_EQ(record.program_rtt_ns, 150'000.0);
  }
}

TEST(rdma_probe_of_which_nothing_but_the_answer_is_known) {
  RdmaStamps stamps;
  stamps.t1_ns = kMonotonic;
  stamps.t6_ns = kMonotonic + 70;
  const Record record = record_of_stamps(stamps);
  CHECK_EQ(record.result, ProbeResult::kSuccess);
  CHECK(std::isnan(record.network_rtt_ns) && std::isnan(record.prober_delay_ns));
  CHECK(std::isnan(record.responder_delay_ns));
  CHECK_EQ(record.program_rtt_ns, 70.0);
}

// Its T3 is from before it stood still: T4 - T3 is too long rather than too
// short.
TEST(rdma_reflector_that_stood_still) {
  RdmaStamps stamps = exchange();
  stamps.stood_still_there = true;
  stamps.t3_ns = kReflector - kNsPerS;
  Record record = record_of_stamps(stamps);
  CHECK_EQ(record.result, ProbeResult::kSuccess);
  CHECK(std::isnan(record.network_rtt_ns));
  CHECK_EQ(record.responder_delay_ns, 100'000.0);  // T5 - T2
  CHECK_EQ(record.prober_delay_ns, 50'000.0);

  stamps.t3_ns = kReflector + 10 * kNsPerUs;
  record = record_of_stamps(stamps);
  CHECK(std::isnan(record.network_rtt_ns));
  CHECK_EQ(record.responder_delay_ns, 40'000.0);

  stamps.t3_ns = kReflector - kNsPerS;
  stamps.t2_ns.reset();
  record = record_of_stamps(stamps);
  CHECK_EQ(record.result, ProbeResult::kSuccess);
  CHECK_EQ(record.responder_delay_ns, 150'000.0);  // T6 - T1

  stamps.t4_ns.reset();
  CHECK(std::isnan(record_of_stamps(stamps).responder_delay_ns));
}

TEST(rdma_prober_that_stood_still) {
  RdmaStamps stamps = exchange();
  stamps.stood_still_here = true;
  stamps.t6_ns = kMonotonic + kNsPerMs;
  stamps.t5_ns = kNic + 990 * kNsPerUs;
  Record record = record_of_stamps(stamps);
  CHECK_EQ(record.result, ProbeResult::kSuccess);
  CHECK(std::isnan(record.network_rtt_ns));
  CHECK_EQ(record.responder_delay_ns, 50'000.0);
  CHECK_EQ(record.prober_delay_ns, 950'000.0);
  CHECK_EQ(record.program_rtt_ns, 1'000'000.0);

  stamps.t5_ns.reset();
  record = record_of_stamps(stamps);
  CHECK_EQ(record.result, ProbeResult::kSuccess);
  CHECK_EQ(record.prober_delay_ns, 950'000.0);

  stamps.t4_ns.reset();
  CHECK(std::isnan(record_of_stamps(stamps).prober_delay_ns));
}

TEST(rdma_ends_that_both_stood_still) {
  RdmaStamps stamps = exchange();
  stamps.stood_still_here = stamps.stood_still_there = true;
  stamps.t3_ns = kReflector - kNsPerS;
  const Record record = record_of_stamps(stamps);
  CHECK_EQ(record.result, ProbeResult::kSuccess);
  CHECK(std::isnan(record.network_rtt_ns));
  CHECK_EQ(record.responder_delay_ns, 100'000.0);
  CHECK_EQ(record.prober_delay_ns, 50'000.0);
}

TEST(rdma_network_rtt_that_cannot_be_true) {
  RdmaStamps stamps = exchange();
  stamps.t4_ns = kReflector + 100 * kNsPerUs;
  check_success(stamps);
  CHECK_EQ(record_of_stamps(stamps).network_rtt_ns, 0.0);
  stamps.t4_ns = *stamps.t4_ns + 11;
  check_invalid(stamps);
  CHECK_EQ(record_of_stamps(stamps).network_rtt_ns, -11.0);

  stamps = exchange();
  stamps.timeout_ns = 50 * kNsPerUs;
  check_success(stamps);
  stamps.timeout_ns -= 1;
  check_invalid(stamps);
}

// Of 100 us 100 ppm or 0.1 %: 10 ns between NICs, 100 ns between kernels, whose clocks NTP slews.
TEST(rdma_network_rtt_that_the_drift_of_a_clock_hides) {
  for (const bool hardware : {false, true}) {
    const int64_t hidden = hardware ? 10 : 100;
    RdmaStamps stamps = exchange();
    stamps.hardware = hardware;
    stamps.t4_ns = kReflector + 100 * kNsPerUs + hidden;
    check_success(stamps);
    const Record record = record_of_stamps(stamps);
    CHECK(std::isnan(record.network_rtt_ns));
    CHECK_EQ(record.responder_delay_ns, static_cast<double>(100'000 + hidden));
    stamps.t4_ns = *stamps.t4_ns + 1;
    check_invalid(stamps);
  }
}

TEST(rdma_responder_delay_that_cannot_be_true) {
  for (const bool still : {false, true}) {
    RdmaStamps stamps = exchange();
    stamps.stood_still_there = still;
    stamps.t4_ns = stamps.t3_ns;
    check_success(stamps);
    stamps.t4_ns = *stamps.t3_ns - 1;
    check_invalid(stamps);
  }
  // Longer than all the exchange took, where there is no network RTT to show it.
  RdmaStamps stamps = exchange();
  stamps.t2_ns.reset();
  stamps.t4_ns = *stamps.t3_ns + 150 * kNsPerUs + 1'150;
  check_success(stamps);
  stamps.t4_ns = *stamps.t4_ns + 1;
  check_invalid(stamps);
}

// A microsecond and 0.1 % of 150 us: 1 150 ns.
TEST(rdma_prober_delay_allows_for_two_clocks) {
  RdmaStamps stamps = exchange();
  stamps.t5_ns = *stamps.t2_ns + 150 * kNsPerUs + 1'150;
  check_success(stamps);
  CHECK_EQ(record_of_stamps(stamps).prober_delay_ns, 0.0);
  stamps.t5_ns = *stamps.t5_ns + 1;
  check_invalid(stamps);
  CHECK_EQ(record_of_stamps(stamps).prober_delay_ns, -1'151.0);
}

TEST(rdma_clock_jump_is_invalid) {
  for (const int64_t jump : {-kNsPerS, -120 * kNsPerUs, 60 * kNsPerUs, 37 * kNsPerS}) {
    RdmaStamps stamps = exchange();
    stamps.t5_ns = *stamps.t5_ns + jump;
    check_invalid(stamps);
    // Seen without ACK2, too.
    stamps.t3_ns.reset();
    check_invalid(stamps);
    stamps = exchange();
    stamps.t4_ns = *stamps.t4_ns + jump;
    check_invalid(stamps);
  }
}

// A reflector may say what it likes: no figure of a success is out of bounds.
TEST(rdma_delays_of_any_stamps_are_plausible_or_invalid) {
  Random random(11);
  int successes = 0;
  const auto stamp = [&](int64_t near) -> std::optional<int64_t> {
    if (random.one_in(6)) return std::nullopt;
    if (random.one_in(20)) return static_cast<int64_t>(random.next());
    return near + static_cast<int64_t>(random.below(400'000)) - 100'000;
  };
  for (int i = 0; i < 200'000; ++i) {
    RdmaStamps stamps = exchange();
    stamps.t2_ns = stamp(kNic);
    stamps.t5_ns = stamp(kNic + 100'000);
    stamps.t3_ns = stamp(kReflector);
    stamps.t4_ns = stamp(kReflector + 50'000);
    stamps.stood_still_here = random.one_in(4);
    stamps.stood_still_there = random.one_in(4);
    stamps.hardware = random.one_in(2);
    const Record record = record_of_stamps(stamps);
    if (record.result == ProbeResult::kInvalid) continue;
    ++successes;
    CHECK_EQ(record.program_rtt_ns, 150'000.0);
    for (const double delay : {record.network_rtt_ns, record.prober_delay_ns, record.responder_delay_ns}) {
      CHECK(std::isnan(delay) || (delay >= 0 && delay <= 151'150));
    }
    const double sum = record.network_rtt_ns + record.prober_delay_ns + record.responder_delay_ns;
    CHECK(std::isnan(sum) || (sum >= 150'000 && sum <= 151'150));
  }
  CHECK(successes > 20'000);
}

}  // namespace weft::test
