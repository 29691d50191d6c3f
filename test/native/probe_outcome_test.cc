#include "net/probe_outcome.h"

#include <cerrno>
#include <cmath>

#include "base/clock.h"
#include "check.h"

namespace weft::test {

namespace {

constexpr int64_t kUtc = 1'700'000'000'000'000'000;
constexpr int64_t kMonotonic = 55 * kNsPerS;
// Another clock than both: nothing may depend on how it stands to them.
constexpr int64_t kReflectorUtc = 3'000'000'000'000'000'000;

// T1 = 0, T2 = 10 µs, T3, T4 = T3 + 50 µs, T5 = 110 µs, T6 = 150 µs: 50 µs on
// the wire and back.
Pending answered_probe() {
  Pending probe;
  probe.target_id = 9;
  probe.path = 3;
  probe.sequence = 1234;
  probe.answer_ttl = 60;
  probe.timeout_ns = kNsPerMs;
  probe.answered = true;
  probe.sent = {kMonotonic, kUtc, 100};
  probe.t2.software_ns = kUtc + 10 * kNsPerUs;
  probe.t3_ns = kReflectorUtc;
  probe.t4_ns = kReflectorUtc + 50 * kNsPerUs;
  probe.t5.software_ns = kUtc + 110 * kNsPerUs;
  probe.seen = {kMonotonic + 150 * kNsPerUs, kUtc + 150 * kNsPerUs, 100};
  probe.exact_t4 = true;
  probe.reflector_clock = StampClock::kKernel;
  return probe;
}

void check_invalid(const Pending &probe) { CHECK_EQ(answered_record(probe).result, ProbeResult::kInvalid); }

void check_success(const Pending &probe) { CHECK_EQ(answered_record(probe).result, ProbeResult::kSuccess); }

}  // namespace

TEST(outcome_of_an_answered_probe) {
  const Record record = answered_record(answered_probe());
  CHECK_EQ(record.result, ProbeResult::kSuccess);
  CHECK_EQ(record.network_rtt_ns, 50'000.0);
  CHECK_EQ(record.prober_delay_ns, 50'000.0);
  CHECK_EQ(record.responder_delay_ns, 50'000.0);
  CHECK_EQ(record.program_rtt_ns, 150'000.0);
  CHECK_EQ(record.target_id, 9);
  CHECK_EQ(record.path, 3);
  CHECK_EQ(record.sequence, 1234);
  CHECK_EQ(record.answer_ttl, 60);
  CHECK_EQ(record.error, 0);
  CHECK_EQ(record.sent_us, static_cast<double>(kUtc / 1'000));
  CHECK_EQ(record.clock, StampClock::kKernel);
  CHECK_EQ(record.t4, T4Source::kFollowUp);
}

TEST(outcome_of_an_unanswered_probe_has_no_latency) {
  for (const ProbeResult result : {ProbeResult::kTimeout, ProbeResult::kLate, ProbeResult::kDuplicate}) {
    const Record record = unanswered_record(answered_probe(), result);
    CHECK_EQ(record.result, result);
    CHECK_EQ(record.target_id, 9);
    CHECK_EQ(record.error, 0);
    CHECK(std::isnan(record.network_rtt_ns) && std::isnan(record.prober_delay_ns));
    CHECK(std::isnan(record.responder_delay_ns) && std::isnan(record.program_rtt_ns));
  }
  CHECK_EQ(unanswered_record(answered_probe(), ProbeResult::kSendError, ENETUNREACH).error, ENETUNREACH);
}

TEST(record_says_where_t4_comes_from) {
  Pending probe = answered_probe();
  probe.telemetry = true;
  CHECK_EQ(answered_record(probe).t4, T4Source::kTlv7);
  probe.exact_t4 = false;
  CHECK_EQ(answered_record(probe).t4, T4Source::kInline);
}

TEST(record_carries_the_weakest_clock) {
  Pending probe = answered_probe();
  probe.t2.hardware_ns = probe.t5.hardware_ns = 1;
  probe.t5.hardware_ns += 100 * kNsPerUs;
  probe.reflector_clock = StampClock::kHardware;
  CHECK_EQ(answered_record(probe).clock, StampClock::kHardware);
  probe.reflector_clock = StampClock::kKernel;
  CHECK_EQ(answered_record(probe).clock, StampClock::kKernel);
  // A T4 that the reflector's program took.
  probe.exact_t4 = false;
  CHECK_EQ(answered_record(probe).clock, StampClock::kUser);
  probe.exact_t4 = true;
  probe.reflector_clock = StampClock::kHardware;
  probe.t2 = Stamp{};
  CHECK_EQ(answered_record(probe).clock, StampClock::kUser);
}

TEST(without_stamps_the_program_is_the_clock) {
  Pending probe = answered_probe();
  probe.t2 = Stamp{};
  const Record record = answered_record(probe);
  CHECK_EQ(record.result, ProbeResult::kSuccess);
  CHECK_EQ(record.network_rtt_ns, 100'000.0);
  CHECK_EQ(record.prober_delay_ns, 0.0);
}

TEST(outcome_is_invalid_when_it_cannot_be_true) {
  Pending probe = answered_probe();
  probe.t4_ns = probe.t3_ns + 100 * kNsPerUs;
  check_success(probe);
  probe.t4_ns += 1;  // network RTT -1 ns
  check_invalid(probe);
  CHECK_EQ(answered_record(probe).network_rtt_ns, -1.0);

  probe = answered_probe();
  probe.t4_ns = probe.t3_ns - 1;
  check_invalid(probe);

  probe = answered_probe();
  probe.timeout_ns = 50 * kNsPerUs;
  check_success(probe);
  probe.timeout_ns -= 1;
  check_invalid(probe);
}

TEST(outcome_allows_for_the_reading_of_two_clocks) {
  // The program saw less time pass than the kernel: up to the uncertainty of
  // both readings and a microsecond.
  Pending probe = answered_probe();
  probe.seen.monotonic = kMonotonic + 100 * kNsPerUs - 1'200;
  probe.seen.realtime = kUtc + 100 * kNsPerUs - 1'200;
  check_success(probe);
  CHECK_EQ(answered_record(probe).prober_delay_ns, 0.0);
  probe.seen.monotonic -= 1;
  check_invalid(probe);
  CHECK_EQ(answered_record(probe).prober_delay_ns, -1'201.0);
}

TEST(outcome_is_invalid_when_the_wall_clock_was_stepped) {
  for (const int64_t step : {-kNsPerMs, 50 * kNsPerUs, 3'600 * kNsPerS}) {
    Pending probe = answered_probe();
    probe.seen.realtime += step;
    check_invalid(probe);
    // A NIC's clock is not stepped with it.
    probe.t2.hardware_ns = 1;
    probe.t5.hardware_ns = 1 + 100 * kNsPerUs;
    check_success(probe);
  }
}

TEST(clock_step_is_told_from_slewing_and_from_a_preempted_reading) {
  const ClockPair before{kMonotonic, kUtc, 50};
  const auto later = [&](int64_t by, int64_t uncertainty) {
    return ClockPair{kMonotonic + kNsPerS, kUtc + kNsPerS + by, uncertainty};
  };
  CHECK(!clock_stepped(before, later(20'000, 50)));
  CHECK(!clock_stepped(before, later(-20'000, 50)));
  CHECK(clock_stepped(before, later(20'101, 50)));
  CHECK(clock_stepped(before, later(-20'101, 50)));
  CHECK(!clock_stepped(before, later(500'000, 480'000)));
}

TEST(stamps_are_paired_by_the_best_clock_they_share) {
  const Stamp both{100, 1'000};
  const Stamp software{130, 0};
  const Stamp hardware{0, 1'050};
  StampPair pair = pair_stamps(both, {140, 1'040});
  CHECK(pair.clock == StampClock::kHardware && pair.second_ns - pair.first_ns == 40);
  pair = pair_stamps(both, software);
  CHECK(pair.clock == StampClock::kKernel && pair.second_ns - pair.first_ns == 30);
  pair = pair_stamps(hardware, both);
  CHECK(pair.clock == StampClock::kHardware && pair.second_ns - pair.first_ns == -50);
  CHECK_EQ(pair_stamps(software, hardware).clock, StampClock::kUser);
  CHECK_EQ(pair_stamps({}, both).clock, StampClock::kUser);
  CHECK(!Stamp{}.any() && software.any() && hardware.any());
}

}  // namespace weft::test
