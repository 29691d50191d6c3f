// When the RDMA engine sleeps, and what it is woken by.

#include "ud_rig.h"

namespace weft::test {

namespace {

constexpr const char *kSettings = "latency_us=4.8,clock=raw,clock_hz=31250000";

// Without a reflector, which has a queue of its own.
RdmaConfig prober_only() {
  RdmaConfig config = config_of("fake0");
  config.reflect = false;
  return config;
}

}  // namespace

// What comes between the last poll and the arming raises no event.
TEST(rdma_answer_that_comes_before_the_queue_is_armed_is_taken_at_once) {
  constexpr int kLongMs = 600'000;
  const FakeVerbs fake(std::string(kSettings) + ",fake1.clock=none");  // so that an answer is one message
  Agent a(prober_only(), kLongMs), b("fake1");
  const RdmaStatus to = b.status();
  fake.command("fault fake0 before_arming p=1");
  b.pause();
  a.probe(to.gid, to.qpn, 1, /*timeout_us=*/600'000'000);
  wait_for("it probes", [&] { return a.stat("sent") > 5; });
  a.stop_probing();
  wait_for("it sleeps", [&] { return a.stat("targets") == 0 && fake.count("fake0", "unpolled_completions") == 0; });
  b.resume();
  wait_for("all are answered or wait for the arming", [&] {
    return a.stat("success") + fake.count("fake0", "before_arming") == a.stat("sent");
  });
  // It finds nothing, and arms.
  fake.command("spurious fake0");
  wait_for("all are answered", [&] { return a.stat("success") == a.stat("sent"); });
}

// From 500 probes a second on, its answers are taken every millisecond, without an event of the queue.
TEST(rdma_many_probes_are_answered_without_events) {
  const FakeVerbs fake(kSettings);
  Agent a(prober_only()), b("fake1");
  const RdmaStatus to = b.status();
  a.probe(to.gid, to.qpn, 1, Agent::kTimeoutUs, to.lid, /*interval_us=*/1'000);
  a.await(ProbeResult::kSuccess, 200);
  CHECK(fake.count("fake0", "received") >= 400);
  // It was armed once, before there was a target.
  CHECK(fake.count("fake0", "cq_events") <= 1);
}

}  // namespace weft::test
