// What goes beyond the usual: floods, bursts, queues and addresses that fail.

#include <arpa/inet.h>

#include <cerrno>
#include <cmath>

#include "base/clock.h"
#include "ud_rig.h"
#include "verbs_endpoint.h"

namespace weft::test {

namespace {

constexpr const char *kSettings = "latency_us=4.8,clock=raw,clock_hz=31250000";
constexpr const char *kUserClock = "latency_us=4.8,clock=none";
// An address handle is made anew after 45 to 60 s, whatever happens.
constexpr std::chrono::seconds kBeforeItsAge{40};

// What a stranger with the qkey sends, to the address of another host.
class Stranger {
 public:
  Stranger(const FakeVerbs &fake, const std::string &device) : verbs_(fake), endpoint_(verbs_, device, kRawStamps, 16) {}

  void send(const std::string &gid, uint32_t qpn, const std::string &payload) {
    ibv_ah_attr to{};
    to.is_global = 1;
    to.port_num = 1;
    CHECK_EQ(inet_pton(AF_INET6, gid.c_str(), to.grh.dgid.raw), 1);
    to.grh.sgid_index = kGidIndex;
    to.grh.hop_limit = 64;
    CHECK_EQ(endpoint_.send(endpoint_.address(to), qpn, payload, 0, config_of("").qkey), 0);
    CHECK(endpoint_.wait().status == IBV_WC_SUCCESS);
  }

 private:
  static constexpr uint8_t kGidIndex = 3;  // RoCE v2 over IPv4

  const Verbs verbs_;
  Endpoint endpoint_;
};

// Of a device, but for one.
uint32_t other_queue_pair(const FakeVerbs &fake, const std::string &device, uint32_t qpn) {
  const std::string all = fake.command("qps " + device);
  for (size_t at = all.find("qpn="); at != all.npos; at = all.find("qpn=", at + 1)) {
    const auto found = static_cast<uint32_t>(std::strtoul(all.c_str() + at + 4, nullptr, 10));
    if (found != qpn) return found;
  }
  fail(__FILE__, __LINE__, "there is no other queue pair: " + all);
}

}  // namespace

// As much comes as is taken, for ever: there is time for its own probes, and it can be closed.
TEST(rdma_flood_keeps_the_engine_from_nothing_else) {
  const FakeVerbs fake(kSettings);
  RdmaConfig limited = config_of("fake1");
  limited.rate_limit = 10;
  Agent a("fake0");
  Agent flooded(limited);
  fake.command("fault fake1 flood byte1=0");
  a.probe(flooded);
  wait_for("it is flooded", [&] { return flooded.stat("reflector_received") > 10'000; });
  flooded.probe(a);
  flooded.await_successes(5);
}

// The probes that wait for their address leave as soon as it is there, in bursts that the send queue takes.
TEST(rdma_probes_that_waited_for_their_address_all_leave) {
  constexpr uint32_t kTargets = 600;  // more than a queue pair has send slots
  Pair hosts(std::string(kSettings) + ",fake0.resolve_us=600000000");
  const RdmaStatus b = hosts.b.status();
  hosts.a.probe_many(kTargets, b.gid, b.qpn);
  wait_for("all wait", [&] { return hosts.a.records(ProbeResult::kSendError).size() >= kTargets; });
  hosts.a.pause();
  hosts.fake.command("set fake0 resolve_us 0");
  wait_for("there is a handle for each", [&] { return hosts.fake.count("fake0", "live") >= kTargets; });
  hosts.a.resume();
  hosts.a.await(ProbeResult::kSuccess, kTargets);
  CHECK_EQ(hosts.a.stat("shed"), 0);
}

TEST(rdma_completion_queue_that_cannot_be_polled_is_made_anew) {
  for (const auto &[settings, verb] : {std::pair{kSettings, "ibv_start_poll"}, std::pair{kUserClock, "ibv_poll_cq"}}) {
    Pair hosts(settings);
    hosts.a.probe(hosts.b);
    hosts.a.await(ProbeResult::kSuccess, 5);
    hosts.fake.command(std::string("fail ") + verb + " EIO");  // at whichever host polls next
    wait_for("one has another session", [&] { return hosts.a.stat("sessions") + hosts.b.stat("sessions") == 3; });
    wait_for("it is open", [&] { return hosts.b.stat("active") == 1; });
    hosts.a.probe(hosts.b);
    hosts.a.await_successes(5);
    const std::string said = std::string(verb) + ": Input/output error";
    CHECK(hosts.a.told(said) || hosts.b.told(said));
  }
}

// Its event has to be acknowledged, or the queue cannot be destroyed.
TEST(rdma_completion_queue_that_says_that_it_failed_is_made_anew) {
  Pair hosts(kSettings);
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSuccess, 5);
  hosts.fake.command("event fake0 cq_err");
  wait_for("there is another session", [&] { return hosts.a.stat("sessions") == 2; });
  CHECK(hosts.a.told("the completion queue failed"));
  hosts.a.await_successes(5);
  CHECK_EQ(hosts.fake.count("fake0", "blocked"), 0);
}

TEST(rdma_device_that_cannot_be_opened_is_tried_less_and_less_often) {
  const FakeVerbs fake(kSettings);
  Agent a("fake0");
  fake.command("fail ibv_alloc_pd ENOMEM times=0");
  const int64_t start_ns = monotonic_ns();
  fake.command("event fake0 device_fatal");
  wait_for("it was tried four times", [&] { return fake.count("fake0", "planned_failures") >= 4; });
  // 100, 200 and 400 ms lie between them at least, however busy the machine.
  CHECK(monotonic_ns() - start_ns >= 700 * kNsPerMs);
  fake.command("clear");
  wait_for("it is open again", [&] { return a.stat("sessions") == 2; });
}

// The packet went there and came back, whatever becomes of this host's port then.
TEST(rdma_probe_that_was_answered_is_a_success_when_its_port_goes) {
  for (const char *event : {"port_err", "device_fatal"}) {
    Pair hosts(kSettings);
    const RdmaStatus b = hosts.b.status();
    hosts.fake.command("fault fake1 drop byte2=2 p=1");
    hosts.a.probe(b.gid, b.qpn, 1, /*timeout_us=*/600'000'000);
    wait_for("some are answered", [&] { return hosts.b.stat("reflector_received") > 10; });
    CHECK_EQ(hosts.a.records(ProbeResult::kSuccess).size(), 0);
    hosts.fake.command(std::string("event fake0 ") + event);
    for (const Record &record : hosts.a.await(ProbeResult::kSuccess, 5)) CHECK(std::isnan(record.network_rtt_ns));
  }
}

// Nobody waits for what cannot come any more, and what this host lost is no loss of the network.
TEST(rdma_probes_under_way_are_send_errors_when_their_port_goes) {
  for (const auto &[event, error] : {std::pair{"port_err", ENETDOWN}, std::pair{"device_fatal", ENODEV}}) {
    Pair hosts(kSettings);
    const RdmaStatus b = hosts.b.status();
    hosts.fake.command("fault fake1 drop p=1");
    hosts.a.probe(b.gid, b.qpn, 1, /*timeout_us=*/600'000'000);
    wait_for("some are under way", [&] { return hosts.b.stat("reflector_received") > 10; });
    hosts.a.stop_probing();
    wait_for("no more leave", [&] { return hosts.a.stat("targets") == 0; });
    const auto sent = static_cast<size_t>(hosts.a.stat("sent"));
    hosts.a.forget_records();
    hosts.fake.command(std::string("event fake0 ") + event);
    const std::vector<Record> ended = hosts.a.await(ProbeResult::kSendError, sent);
    CHECK_EQ(ended.size(), sent);
    for (const Record &record : ended) CHECK_EQ(record.error, error);
    CHECK_EQ(hosts.a.stat("timeout"), 0);
  }
}

// The neighbour may have got another address meanwhile.
TEST(rdma_address_is_resolved_anew_when_its_probes_are_lost) {
  Pair hosts(kSettings);
  const RdmaStatus b = hosts.b.status();
  hosts.a.probe(b.gid, b.qpn, 1, /*timeout_us=*/50'000);
  hosts.a.await(ProbeResult::kSuccess, 5);
  const uint64_t made = hosts.fake.count("fake0", "made_ahs");
  hosts.fake.command("fault fake0 drop p=1");
  wait_for("there is another handle", [&] { return hosts.fake.count("fake0", "made_ahs") > made; }, kBeforeItsAge);
}

TEST(rdma_address_is_resolved_anew_when_the_port_was_down) {
  Pair hosts(kSettings);
  const RdmaStatus b = hosts.b.status();
  hosts.a.probe(b.gid, b.qpn, 1, /*timeout_us=*/600'000'000);  // none is lost
  hosts.a.await(ProbeResult::kSuccess, 5);
  CHECK_EQ(hosts.fake.count("fake0", "made_ahs"), 1);
  hosts.fake.command("event fake0 port_err");
  hosts.a.await(ProbeResult::kSendError, 5);
  hosts.fake.command("event fake0 port_active");
  wait_for("there is another handle", [&] { return hosts.fake.count("fake0", "made_ahs") == 2; }, kBeforeItsAge);
  hosts.a.await_successes(5);
}

// No device should, but a slot that is freed twice would carry two messages at once.
TEST(rdma_send_that_completes_twice_is_counted_once) {
  constexpr int kTwice = 5;
  // The last message of an answer: ACK2 where ACK1 does not tell T4.
  for (const auto &[settings, last] : {std::pair{kSettings, " byte2=2"}, std::pair{kUserClock, " byte2=1"}}) {
    Pair hosts(settings);
    hosts.a.probe(hosts.b);
    hosts.a.await(ProbeResult::kSuccess, 5);
    const std::string twice = " complete_twice count=" + std::to_string(kTwice);
    hosts.fake.command("fault fake1" + twice + last);
    hosts.fake.command("fault fake0" + twice);
    wait_for("they have", [&] { return hosts.fake.count("all", "error_completions") == 2 * kTwice; });
    const double reflected = hosts.b.stat("reflected");
    wait_for("they were taken", [&] { return hosts.b.stat("reflected") > reflected + kTwice; });
    wait_for("they were taken", [&] { return hosts.a.stat("unmatched") == kTwice; });
    CHECK_EQ(hosts.b.stat("reflector_failed") + hosts.a.stat("failed_sends"), 0);
    CHECK_EQ(hosts.a.stat("sessions") + hosts.b.stat("sessions"), 2);
  }
}

// A probe that was due is told, even if it never left.
TEST(rdma_probe_that_waits_for_its_address_is_a_send_error_when_its_device_goes) {
  Pair hosts(std::string(kSettings) + ",fake0.resolve_us=600000000");
  const RdmaStatus b = hosts.b.status();
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSendError, 1);  // a second one is due, and one waits already
  hosts.a.probe(b.gid, b.qpn, 1, Agent::kTimeoutUs, 0, /*interval_us=*/3'600'000'000);
  hosts.a.forget_records();
  hosts.fake.command("event fake0 device_fatal");
  wait_for("it is told", [&] {
    const std::vector<Record> records = hosts.a.records(ProbeResult::kSendError);
    return !records.empty() && records.back().error == ENODEV;
  });
  hosts.fake.command("set fake0 resolve_us 0");
}

// The kernel has taken it away, and somebody else heard the event, or nobody.
TEST(rdma_device_that_tells_nothing_any_more_is_opened_again) {
  Pair hosts(kSettings);
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSuccess, 5);
  hosts.fake.command("fail ibv_get_async_event EIO");
  hosts.fake.command("event fake0 sm_change");
  wait_for("there is another session", [&] { return hosts.a.stat("sessions") == 2; });
  CHECK(hosts.a.told("the device tells nothing any more"));
  hosts.a.await_successes(5);
}

// There are devices that end a queue pair for want of room: whoever has the qkey would end sessions as it likes.
TEST(rdma_datagrams_of_any_length_are_refused_one_by_one) {
  constexpr int kEach = 20;
  Pair hosts(std::string(kSettings) + ",devices=3");
  Stranger stranger(hosts.fake, "fake2");
  hosts.b.probe(hosts.a);
  hosts.b.await(ProbeResult::kSuccess, 5);
  const RdmaStatus b = hosts.b.status();
  const uint32_t prober = other_queue_pair(hosts.fake, "fake1", b.qpn);
  constexpr size_t kLengths[] = {0, 1, 39, 88, 89, 256, 4095, 4096};  // 88 is the end of a slot
  for (const size_t length : kLengths) {
    for (int i = 0; i < kEach; ++i) {
      stranger.send(b.gid, b.qpn, std::string(length, 'x'));
      stranger.send(b.gid, prober, std::string(length, 'x'));
    }
  }
  constexpr size_t kAll = kEach * std::size(kLengths);
  wait_for("all have come to both", [&] {
    return hosts.b.stat("reflector_malformed") == kAll && hosts.b.stat("malformed") == kAll;
  });
  CHECK_EQ(hosts.fake.count("fake1", "error_completions"), 0);
  CHECK_EQ(hosts.b.stat("sessions"), 1);
  hosts.b.await_successes(5);
}

// As many completions as rxe takes. Without stamps those of sends go elsewhere.
TEST(rdma_most_receive_slots_fit_into_the_completion_queue_of_a_device_without_stamps) {
  const FakeVerbs fake(std::string(kUserClock) + ",max_cqe=32767");
  RdmaConfig config = config_of("fake0");
  config.receive_slots = 16'384;
  Agent agent(config);
  const RdmaStatus self = agent.status();
  agent.probe(self.gid, self.qpn);
  agent.await(ProbeResult::kSuccess, 5);
  CHECK_EQ(fake.count("fake0", "cq_overruns"), 0);
}

}  // namespace weft::test
