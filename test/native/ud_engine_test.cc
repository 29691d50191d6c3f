// What the RDMA engine measures, over devices whose stamps are known to the nanosecond.

#include <cmath>
#include <set>

#include "base/clock.h"
#include "ud_rig.h"

namespace weft::test {

namespace {

// One way; a whole number of ticks of the clocks below, so that there is nothing to round.
constexpr const char *kLatency = "latency_us=4.8";
constexpr double kNetworkRttNs = 9'600;
constexpr const char *kTicks = ",clock=raw,clock_hz=31250000";

std::string with(const char *clock) { return std::string(kLatency) + clock; }

void check_exact(const std::vector<Record> &records) {
  for (const Record &record : records) {
    CHECK_EQ(record.network_rtt_ns, kNetworkRttNs);
    CHECK_EQ(record.clock, StampClock::kHardware);
    CHECK_EQ(record.t4, T4Source::kFollowUp);
    CHECK(record.responder_delay_ns >= 0 && record.prober_delay_ns >= 0);
    CHECK(record.program_rtt_ns >= kNetworkRttNs);
  }
}

double most(const std::vector<Record> &records, double Record::*figure) {
  double found = 0;
  for (const Record &record : records) found = std::max(found, record.*figure);
  return found;
}

}  // namespace

TEST(rdma_network_rtt_is_exact_by_raw_ticks) {
  Pair hosts(with(kTicks));
  hosts.a.probe(hosts.b);
  check_exact(hosts.a.await(ProbeResult::kSuccess, 50));
  CHECK_EQ(hosts.a.stat("invalid"), 0);
  CHECK_EQ(hosts.a.stat("timeout"), 0);
}

TEST(rdma_network_rtt_is_exact_by_the_wall_clock) {
  Pair hosts(with(",clock=ns"));
  hosts.a.probe(hosts.b);
  check_exact(hosts.a.await(ProbeResult::kSuccess, 50));
}

// 2^24 ticks of 32 ns: a turn takes 537 ms.
TEST(rdma_network_rtt_is_exact_when_the_ticks_wrap) {
  Pair hosts(with(kTicks) + ",mask_bits=24");
  hosts.a.probe(hosts.b);
  check_exact(hosts.a.await(ProbeResult::kSuccess, 250));
  CHECK_EQ(hosts.a.stat("invalid"), 0);
}

TEST(rdma_user_clock_says_so) {
  Pair hosts(with(",clock=none"));
  hosts.a.probe(hosts.b);
  for (const Record &record : hosts.a.await(ProbeResult::kSuccess, 50)) {
    CHECK_EQ(record.clock, StampClock::kUser);
    CHECK_EQ(record.t4, T4Source::kInline);
    CHECK(std::isnan(record.network_rtt_ns) || record.network_rtt_ns >= 0);
  }
  CHECK_EQ(hosts.a.stat("invalid"), 0);
}

// What happens at a host beside the exchange is in its stamps.
TEST(rdma_with_user_stamps_an_exchange_is_two_messages_and_wakes_each_end_once) {
  Pair hosts(with(",clock=none"));
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSuccess, 50);
  hosts.a.stop_probing();
  wait_for("every probe is answered", [&] {
    return hosts.a.stat("targets") == 0 && hosts.fake.count("fake0", "sent") == hosts.fake.count("fake0", "received");
  });
  for (const char *device : {"fake0", "fake1"}) {
    CHECK_EQ(hosts.fake.count(device, "sent"), hosts.fake.count(device, "received"));
    CHECK(hosts.fake.count(device, "cq_events") <= hosts.fake.count(device, "received"));
  }
}

TEST(rdma_with_a_clock_at_one_end_only_the_other_tells_t4_at_once) {
  Pair hosts(with(kTicks) + ",fake0.clock=none");
  hosts.a.probe(hosts.b);
  hosts.b.probe(hosts.a);
  for (const Record &record : hosts.a.await(ProbeResult::kSuccess, 10)) CHECK_EQ(record.t4, T4Source::kFollowUp);
  for (const Record &record : hosts.b.await(ProbeResult::kSuccess, 10)) CHECK_EQ(record.t4, T4Source::kInline);
}

// irdma: its completions carry a round trip of TCP, whatever kind of stamp was asked for.
TEST(rdma_stamps_that_are_no_times_are_not_used) {
  for (const char *clock : {",clock=ns", kTicks}) {
    Pair hosts(with(clock) + ",vendor_id=0x8086");
    CHECK(!hosts.a.status().hardware_clock);
    hosts.a.probe(hosts.b);
    for (const Record &record : hosts.a.await(ProbeResult::kSuccess, 10)) CHECK_EQ(record.clock, StampClock::kUser);
  }
}

TEST(rdma_the_weaker_of_two_clocks_is_named) {
  Pair hosts(with(kTicks) + ",fake1.clock=none");
  hosts.a.probe(hosts.b);
  for (const Record &record : hosts.a.await(ProbeResult::kSuccess, 10)) CHECK_EQ(record.clock, StampClock::kUser);
}

TEST(rdma_a_clock_that_jumps_gives_no_figure) {
  Pair hosts(with(kTicks));
  hosts.fake.command("fault fake0 delay us=3000");
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSuccess, 5);
  for (int i = 0; i < 20; ++i) {
    hosts.fake.command("fault fake1 delay us=3000");
    hosts.fake.command("clock fake0 jump " + std::to_string(i % 2 == 0 ? 1'000'000'000 : -1'000'000'000));
    hosts.a.await_successes(1);
  }
  for (const Record &record : hosts.a.records(ProbeResult::kSuccess)) {
    CHECK(std::isnan(record.network_rtt_ns) || record.network_rtt_ns <= kNsPerS);
  }
}

TEST(rdma_a_host_that_does_not_run_delays_the_hosts_figures_only) {
  Pair hosts(with(kTicks));
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSuccess, 5);
  hosts.a.forget_records();
  hosts.b.pause();
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  hosts.b.resume();
  wait_for("the held probes are answered", [&] {
    return most(hosts.a.records(ProbeResult::kSuccess), &Record::responder_delay_ns) > 40 * kNsPerMs;
  });
  hosts.a.pause();
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  hosts.a.resume();
  hosts.a.await(ProbeResult::kSuccess, hosts.a.records(ProbeResult::kSuccess).size() + 20);
  check_exact(hosts.a.records(ProbeResult::kSuccess));
}

TEST(rdma_with_user_stamps_a_host_that_stood_still_is_no_network) {
  Pair hosts(with(",clock=none"));
  // More are held than are taken in one poll.
  const RdmaStatus b = hosts.b.status();
  hosts.a.probe(b.gid, b.qpn, 1, Agent::kTimeoutUs, b.lid, /*interval_us=*/1'000);
  hosts.a.await(ProbeResult::kSuccess, 20);
  hosts.a.forget_records();
  hosts.b.pause();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  hosts.b.resume();
  wait_for("the held probes are answered", [&] {
    return most(hosts.a.records(ProbeResult::kSuccess), &Record::responder_delay_ns) > 200 * kNsPerMs;
  });
  for (const Record &record : hosts.a.records(ProbeResult::kSuccess)) {
    if (record.responder_delay_ns > 20 * kNsPerMs) CHECK(std::isnan(record.network_rtt_ns));
    CHECK(!(record.network_rtt_ns > 100 * kNsPerMs));
  }
  CHECK(hosts.a.stat("unmeasured") > 0);
  CHECK(hosts.b.stat("stood_still") > 0);
}

TEST(rdma_lost_probes_and_answers_are_timeouts_to_the_number) {
  Pair hosts(with(kTicks));
  hosts.fake.command("fault fake0 drop count=7 byte1=0");
  hosts.fake.command("fault fake1 drop count=5 byte2=1");
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kTimeout, 12);
  hosts.a.await_successes(50);
  CHECK_EQ(hosts.a.stat("timeout"), 12);
  CHECK_EQ(hosts.a.stat("invalid"), 0);
}

TEST(rdma_without_ack2_the_probe_was_answered_and_its_network_not_measured) {
  Pair hosts(with(kTicks));
  hosts.fake.command("fault fake1 drop byte2=2 p=1");
  hosts.a.probe(hosts.b.status().gid, hosts.b.status().qpn, 1, 300'000);
  for (const Record &record : hosts.a.await(ProbeResult::kSuccess, 5)) {
    CHECK(std::isnan(record.network_rtt_ns) && std::isnan(record.responder_delay_ns));
    CHECK_EQ(record.clock, StampClock::kHardware);
    CHECK(record.program_rtt_ns > 0);
  }
  CHECK_EQ(hosts.a.stat("timeout"), 0);
}

TEST(rdma_without_a_send_completion_the_probe_was_answered_and_its_network_not_measured) {
  Pair hosts(with(kTicks));
  hosts.fake.command("fault fake0 lose_completion count=3 byte1=0");
  hosts.a.probe(hosts.b.status().gid, hosts.b.status().qpn, 1, 300'000);
  const auto unmeasured = [&] {
    std::vector<Record> records = hosts.a.records(ProbeResult::kSuccess);
    records.erase(std::remove_if(records.begin(), records.end(),
                                 [](const Record &record) { return !std::isnan(record.network_rtt_ns); }),
                  records.end());
    return records;
  };
  wait_for("their time is over", [&] { return unmeasured().size() == 3; });
  for (const Record &record : unmeasured()) {
    CHECK(record.responder_delay_ns >= 0 && std::isnan(record.prober_delay_ns));
  }
  CHECK_EQ(hosts.a.stat("timeout"), 0);
}

TEST(rdma_completions_may_come_in_any_order) {
  Pair hosts(with(kTicks));
  // T2 is known after both answers; ACK1 comes after ACK2.
  hosts.fake.command("fault fake0 delay_completion us=2000 p=0.5");
  hosts.fake.command("fault fake1 delay us=1600 byte2=1 p=0.5");
  hosts.a.probe(hosts.b);
  for (const Record &record : hosts.a.await(ProbeResult::kSuccess, 80)) {
    CHECK(record.network_rtt_ns == kNetworkRttNs || record.network_rtt_ns == kNetworkRttNs + 1'600'000);
  }
  CHECK_EQ(hosts.a.stat("invalid"), 0);
  CHECK_EQ(hosts.a.stat("timeout"), 0);
}

TEST(rdma_second_and_late_answers_are_known_as_such) {
  Pair hosts(with(kTicks));
  hosts.fake.command("fault fake1 duplicate count=4 byte2=1");
  hosts.a.probe(hosts.b.status().gid, hosts.b.status().qpn, 1, 200'000);
  hosts.a.await(ProbeResult::kDuplicate, 4);
  hosts.fake.command("fault fake1 delay us=500000 count=3 byte2=1");
  hosts.a.await(ProbeResult::kLate, 3);
  hosts.a.await_successes(5);
  CHECK_EQ(hosts.a.stat("late"), 3);
  CHECK_EQ(hosts.a.stat("duplicate"), 4);
}

TEST(rdma_answer_that_comes_twice_is_one_success) {
  Pair hosts(with(kTicks));
  hosts.fake.command("fault fake1 duplicate p=1");  // both its messages
  hosts.a.probe(hosts.b);
  std::set<uint32_t> probes;
  for (const Record &record : hosts.a.await(ProbeResult::kSuccess, 20)) CHECK(probes.insert(record.sequence).second);
}

// An answer that comes twice, and both times too late.
TEST(rdma_late_answer_is_counted_once) {
  Pair hosts(with(kTicks));
  hosts.fake.command("fault fake1 duplicate byte2=1 p=1");
  hosts.fake.command("fault fake1 delay us=200000 byte2=1 p=1");
  hosts.a.probe(hosts.b.status().gid, hosts.b.status().qpn, 1, 50'000);
  std::set<uint32_t> probes;
  for (const Record &record : hosts.a.await(ProbeResult::kLate, 10)) CHECK(probes.insert(record.sequence).second);
}

TEST(rdma_paths_are_flow_labels) {
  Pair hosts(with(kTicks));
  hosts.a.probe(hosts.b, 4);
  std::set<uint16_t> paths;
  for (const Record &record : hosts.a.await(ProbeResult::kSuccess, 16)) paths.insert(record.path);
  CHECK(paths == (std::set<uint16_t>{0, 1, 2, 3}));
  const std::string packets = hosts.fake.command("packets fake0");
  std::set<std::string> ports;
  for (size_t at = packets.find("sport="); at != std::string::npos; at = packets.find("sport=", at + 1)) {
    ports.insert(packets.substr(at, packets.find(' ', at) - at));
  }
  CHECK_EQ(ports.size(), 4);
}

TEST(rdma_works_over_ipv6_and_infiniband) {
  for (const char *link : {"link=roce6", "link=ib,fake0.lid=17,fake1.lid=18"}) {
    Pair hosts(with(kTicks) + "," + link);
    hosts.a.probe(hosts.b);
    check_exact(hosts.a.await(ProbeResult::kSuccess, 10));
    hosts.b.probe(hosts.a);
    check_exact(hosts.b.await(ProbeResult::kSuccess, 10));
  }
}

TEST(rdma_nothing_is_left_open) {
  Pair *hosts = new Pair(with(kTicks));
  const FakeVerbs fake = hosts->fake;
  hosts->a.probe(hosts->b);
  hosts->a.await(ProbeResult::kSuccess, 10);
  CHECK(fake.count("all", "live") > 0);
  delete hosts;
  CHECK_EQ(fake.count("all", "live"), 0);
  for (const char *fault : {"leaked", "busy", "blocked", "misuse", "cq_overruns", "refused_sends", "refused_receives"}) {
    CHECK_EQ(fake.count("all", fault), 0);
  }
}

}  // namespace weft::test
