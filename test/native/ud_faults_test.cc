// What happens to a device, and how the RDMA engine comes back from it.

#include <cerrno>
#include <cmath>

#include "ud_rig.h"

namespace weft::test {

namespace {

constexpr const char *kSettings = "latency_us=4.8,clock=raw,clock_hz=31250000";
constexpr const char *kUserClock = "latency_us=4.8,clock=none";

void await_state(Agent &agent, RdmaState state) {
  wait_for("the engine says so", [&] { return agent.status().state == state; });
}

// What was due while the first address was being resolved was an error, too: forget the records of the beginning.
bool all_have(const std::vector<Record> &records, int error) {
  return std::all_of(records.begin(), records.end(), [&](const Record &record) { return record.error == error; });
}

}  // namespace

TEST(rdma_port_that_goes_down_and_comes_back) {
  Pair hosts(kSettings);
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSuccess, 5);
  const uint32_t qpn = hosts.a.status().qpn;
  hosts.a.forget_records();
  hosts.fake.command("event fake0 port_err");
  CHECK(all_have(hosts.a.await(ProbeResult::kSendError, 5), ENETDOWN));
  CHECK(hosts.a.status().state == RdmaState::kDown);
  CHECK(hosts.a.told("the port is down"));
  hosts.fake.command("event fake0 port_active");
  hosts.a.await_successes(10);
  CHECK(hosts.a.status().state == RdmaState::kActive);
  CHECK_EQ(hosts.a.status().qpn, qpn);
  CHECK(hosts.a.changed());
  CHECK_EQ(hosts.a.stat("timeout"), 0);
}

TEST(rdma_device_that_fails_is_opened_again) {
  Pair hosts(kSettings);
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSuccess, 5);
  hosts.fake.command("event fake0 device_fatal");
  wait_for("there is another session", [&] { return hosts.a.stat("sessions") == 2; });
  hosts.a.await_successes(10);
  CHECK(hosts.a.told("the device failed or was removed"));
  CHECK(hosts.a.told("open again"));
}

TEST(rdma_device_that_is_removed_and_comes_back) {
  Pair hosts(kSettings);
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSuccess, 5);
  hosts.a.forget_records();
  hosts.fake.command("remove fake0");
  await_state(hosts.a, RdmaState::kGone);
  CHECK(all_have(hosts.a.await(ProbeResult::kSendError, 5), ENODEV));
  wait_for("it says that there is no such device", [&] { return hosts.a.told("device: No such device"); });
  const std::string gid = hosts.a.status().gid;
  hosts.fake.command("add fake0");
  hosts.a.await_successes(10);
  CHECK(hosts.a.status().gid != gid);
  CHECK_EQ(hosts.a.stat("timeout"), 0);
}

TEST(rdma_reflector_that_comes_back_has_another_queue_pair) {
  Pair hosts(kSettings);
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSuccess, 5);
  const uint32_t before = hosts.b.status().qpn;
  hosts.fake.command("event fake1 device_fatal");
  wait_for("it is open again", [&] { return hosts.b.status().qpn != before && hosts.b.stat("active") == 1; });
  hosts.a.probe(hosts.b);
  hosts.a.await_successes(10);
}

TEST(rdma_address_that_changes) {
  Pair hosts(kSettings);
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSuccess, 5);
  const uint32_t index = hosts.a.status().gid_index;
  hosts.fake.command("gid fake0 " + std::to_string(index) + " ::ffff:10.0.0.77");
  wait_for("it has the new address", [&] { return hosts.a.status().gid == "::ffff:10.0.0.77"; });
  hosts.a.await_successes(10);
}

// A queue pair keeps the index of its key, and some devices the key itself.
TEST(rdma_partition_key_that_changes) {
  Pair hosts(kSettings);
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSuccess, 5);
  hosts.fake.command("pkey fake0 1 0x9001");  // not the one that is used
  hosts.a.await_successes(5);
  CHECK_EQ(hosts.a.stat("sessions"), 1);
  hosts.fake.command("pkey fake0 0 0");
  wait_for("it says that there is no such key", [&] { return hosts.a.told("pkey: No such file or directory"); });
  CHECK(hosts.a.status().state == RdmaState::kGone);
  CHECK(hosts.a.told("partition key has changed"));
  hosts.fake.command("pkey fake0 0 0xffff");
  hosts.a.await_successes(5);
  CHECK_EQ(hosts.a.stat("sessions"), 2);
}

// As `ip address flush` and `add` do it: in between the port has its link-local GID only.
TEST(rdma_address_that_is_missing_for_a_while) {
  Pair hosts(kSettings);
  const RdmaStatus before = hosts.a.status();
  const std::string set = "gid fake0 " + std::to_string(before.gid_index) + " ";
  hosts.fake.command(set + "none");
  wait_for("it makes do with another GID", [&] { return hosts.a.status().gid != before.gid; });
  hosts.fake.command(set + "::ffff:10.0.0.77");
  wait_for("it has the new address", [&] { return hosts.a.status().gid == "::ffff:10.0.0.77"; });
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSuccess, 5);
}

TEST(rdma_send_that_fails_ends_its_probe_and_no_other) {
  for (const char *settings : {kSettings, kUserClock}) {
    Pair hosts(settings);
    hosts.a.probe(hosts.b);
    hosts.a.await(ProbeResult::kSuccess, 5);
    hosts.a.forget_records();
    hosts.fake.command("fault fake0 send_error count=3 byte1=0");
    CHECK(all_have(hosts.a.await(ProbeResult::kSendError, 3), EIO));
    hosts.a.await_successes(20);
    CHECK_EQ(hosts.a.stat("sessions"), 1);
    hosts.fake.command("fault fake1 send_error count=3 byte2=1");
    hosts.a.await_successes(20);
    CHECK_EQ(hosts.b.stat("reflector_failed"), 3);
    CHECK_EQ(hosts.b.stat("sessions"), 1);
  }
}

TEST(rdma_receive_that_fails_leaves_its_buffer_in_use) {
  constexpr int kFailures = 300;  // more than there are buffers
  const FakeVerbs fake(kSettings);
  RdmaConfig one = config_of("fake0"), other = config_of("fake1");
  one.receive_slots = other.receive_slots = 256;
  Agent a(one), b(other);
  const RdmaStatus to = b.status();
  a.probe(to.gid, to.qpn, 1, Agent::kTimeoutUs, to.lid, /*interval_us=*/1'000);
  a.await(ProbeResult::kSuccess, 5);
  const std::string fail = " receive_error keep=1 count=" + std::to_string(kFailures);
  fake.command("fault fake1" + fail);
  wait_for("the reflector's have failed", [&] { return b.stat("reflector_failed") == kFailures; });
  fake.command("fault fake0" + fail);
  wait_for("the prober's have failed", [&] { return a.stat("failed_receives") == kFailures; });
  a.await_successes(20);
  CHECK_EQ(a.stat("sessions") + b.stat("sessions"), 2);
}

TEST(rdma_answer_that_fails_frees_its_slot) {
  constexpr int kFailures = 300;  // more than there are slots
  const FakeVerbs fake(kSettings);
  RdmaConfig config = config_of("fake1");
  config.receive_slots = 256;
  Agent a("fake0"), b(config);
  const RdmaStatus to = b.status();
  a.probe(to.gid, to.qpn, 1, Agent::kTimeoutUs, to.lid, /*interval_us=*/1'000);
  a.await(ProbeResult::kSuccess, 5);
  fake.command("fault fake1 send_error count=" + std::to_string(kFailures));
  wait_for("answers have failed", [&] { return b.stat("reflector_failed") >= kFailures; });
  a.await_successes(20);
  CHECK_EQ(b.stat("reflector_dropped"), 0);
  CHECK_EQ(b.stat("sessions"), 1);
}

TEST(rdma_queue_pair_that_fails_is_made_anew) {
  Pair hosts(kSettings);
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSuccess, 5);
  hosts.fake.command("fault fake0 receive_error");
  wait_for("there is another session", [&] { return hosts.a.stat("sessions") == 2; });
  hosts.a.await_successes(10);
}

TEST(rdma_sends_that_never_complete_end_the_session) {
  for (const char *settings : {kSettings, kUserClock}) {
    Pair hosts(settings);
    const RdmaStatus b = hosts.b.status();
    hosts.fake.command("fault fake0 lose_completion p=1");
    hosts.a.probe(b.gid, b.qpn, 1, Agent::kTimeoutUs, 0, 1'000);
    wait_for("no slot is left", [&] { return hosts.a.stat("shed") > 0; });
    hosts.fake.command("clear");
    wait_for("there is another session", [&] { return hosts.a.stat("sessions") == 2; });
    hosts.a.await_successes(10);
    CHECK_EQ(hosts.fake.count("fake0", "refused_sends"), 0);
  }
}

TEST(rdma_empty_receive_queue_is_told_by_the_host_whose_it_is) {
  Pair hosts(kSettings);
  const RdmaStatus b = hosts.b.status();
  hosts.a.probe(b.gid, b.qpn, 1, 2'000'000, 0, 1'000);
  hosts.a.await(ProbeResult::kSuccess, 5);
  hosts.b.pause();
  wait_for("probes find no buffer", [&] { return hosts.fake.count("fake1", "dropped_no_receive") > 0; });
  hosts.b.resume();
  hosts.a.await_successes(50);
  CHECK(hosts.b.stat("reflector_receive_queue_empty") > 0);
  CHECK(hosts.a.stat("peer_receive_queue_empty") > 0);
}

TEST(rdma_unreachable_host_is_loss_and_holds_up_nobody) {
  Pair hosts(kSettings);
  const RdmaStatus b = hosts.b.status();
  hosts.fake.command("fail ibv_create_ah EHOSTUNREACH times=2");
  hosts.a.probe(hosts.b);
  CHECK(all_have(hosts.a.await(ProbeResult::kTimeout, 5), EHOSTUNREACH));
  hosts.a.await_successes(5);
  CHECK_EQ(hosts.a.stat("timeout"), hosts.a.stat("unreachable"));
}

TEST(rdma_senders_that_nobody_resolves_take_no_answers_from_others) {
  Pair hosts(std::string(kSettings) + ",devices=3");
  Agent known("fake2");
  known.probe(hosts.b);
  known.await(ProbeResult::kSuccess, 5);
  // For the rest of the test: ten minutes.
  hosts.fake.command("set fake1 resolve_us 600000000");
  const RdmaStatus b = hosts.b.status();
  hosts.a.probe(b.gid, b.qpn, 1, Agent::kTimeoutUs, b.lid, /*interval_us=*/1'000);
  wait_for("more wait than may", [&] { return hosts.b.stat("reflector_dropped") > 300; });
  known.await_successes(50);
  CHECK_EQ(known.stat("timeout"), 0);
  CHECK_EQ(hosts.b.stat("sessions"), 1);
  hosts.fake.command("set fake1 resolve_us 0");
  hosts.a.await_successes(5);
}

// On InfiniBand packets carry no GID within a subnet: there the LID is the source.
TEST(rdma_reflector_answers_a_source_no_faster_than_its_limit) {
  for (const char *link : {"", ",link=ib"}) {
    const FakeVerbs fake(std::string(kSettings) + ",devices=3" + link);
    RdmaConfig limited = config_of("fake1");
    limited.rate_limit = 100;
    Agent greedy("fake0"), modest("fake2"), reflector(limited);
    const RdmaStatus to = reflector.status();
    modest.probe(to.gid, to.qpn, 1, Agent::kTimeoutUs, to.lid, /*interval_us=*/50'000);
    greedy.probe(to.gid, to.qpn, 1, /*timeout_us=*/50'000, to.lid, /*interval_us=*/1'000);
    greedy.await(ProbeResult::kTimeout, 100);
    modest.await_successes(5);
    CHECK_EQ(modest.stat("timeout"), 0);
    CHECK(greedy.stat("success") >= limited.rate_limit);
    greedy.stop_probing();
    modest.stop_probing();
    wait_for("every probe that came is answered or counted", [&] {
      return reflector.stat("reflector_received") ==
             reflector.stat("reflected") + reflector.stat("reflector_over_limit");
    });
    CHECK(reflector.stat("reflector_over_limit") >= 100);
  }
}

TEST(rdma_probes_with_another_qkey_are_not_answered) {
  const FakeVerbs fake(kSettings);
  RdmaConfig other = config_of("fake1");
  other.qkey = 0x2222'2222;
  Agent a("fake0");
  Agent b(other);
  a.probe(b.status().gid, b.status().qpn, 1, 50'000);
  a.await(ProbeResult::kTimeout, 5);
  CHECK_EQ(a.records(ProbeResult::kSuccess).size(), 0);
  CHECK(fake.count("fake1", "dropped_qkey") > 0);
}

TEST(rdma_spurious_events_do_no_harm) {
  Pair hosts(kSettings);
  hosts.a.probe(hosts.b);
  for (int i = 0; i < 50; ++i) {
    hosts.fake.command("spurious fake0");
    hosts.fake.command("spurious fake1");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  hosts.a.await_successes(20);
  CHECK_EQ(hosts.a.stat("timeout"), 0);
  CHECK_EQ(hosts.fake.count("all", "misuse"), 0);
}

// Whatever fails while it is opened is named, and what was open before is closed.
TEST(rdma_opening_that_fails_at_any_step_leaves_nothing_open) {
  for (const char *settings : {kSettings, kUserClock}) {
    const FakeVerbs fake(settings);
    RdmaConfig config = config_of("fake0");
    config.reflect = false;
    config.receive_slots = 256;
    size_t step = 0;
    size_t tolerated = 0;
    do {
      ++step;
      fake.command("fail any ENOMEM at=" + std::to_string(step));
      auto engine = open_rdma_engine(config);
      if (engine.ok()) {
        ++tolerated;
        engine = Error{};
      } else {
        CHECK(engine.error().code != 0 && *engine.error().syscall != '\0');
      }
      CHECK_EQ(fake.count("all", "live"), 0);
      fake.command("clear");
      // The first step, the list of devices, is counted at no device.
    } while (fake.count("all", "planned_failures") == step - 1);
    CHECK(step > 256);  // each receive is posted
    // A GID that cannot be read is one that is not there; stamps that cannot be had are done without.
    CHECK(tolerated < 32);
    CHECK_EQ(fake.count("all", "leaked") + fake.count("all", "busy"), 0);
  }
}

TEST(rdma_opening_says_what_is_wrong) {
  const FakeVerbs fake(kSettings);
  const auto failure = [](const RdmaConfig &config) {
    const auto opened = open_rdma_engine(config);
    return opened.ok() ? std::string("opened")
                       : std::string(opened.error().syscall) + " " + std::to_string(opened.error().code);
  };
  const auto errno_text = [](const char *syscall, int code) { return std::string(syscall) + " " + std::to_string(code); };
  CHECK(failure(config_of("mlx5_7")) == errno_text("device", ENODEV));
  RdmaConfig config = config_of("fake0");
  config.port = 9;
  CHECK(failure(config) == errno_text("port", ENODEV));
  config = config_of("fake0");
  config.gid_index = 200;
  CHECK(failure(config) == errno_text("gid", ENOENT));
  config.gid_index = -1;
  config.address = "192.0.2.1";
  CHECK(failure(config) == errno_text("gid", EADDRNOTAVAIL));
  config = config_of("fake0");
  config.pkey_index = 99;
  CHECK(failure(config) == errno_text("pkey", ENOENT));
  for (const char *verb : {"ibv_open_device", "ibv_alloc_pd", "ibv_reg_mr", "ibv_create_qp", "ibv_modify_qp"}) {
    fake.command(std::string("fail ") + verb + " ENOMEM times=0");
    CHECK(failure(config_of("fake0")) == errno_text(verb, ENOMEM));
    fake.command("clear");
  }
  fake.command("event fake0 port_err");
  CHECK(failure(config_of("fake0")) == errno_text("port", ENETDOWN));
}

TEST(rdma_device_whose_queue_pairs_bear_no_stamps_is_used_without) {
  const FakeVerbs fake(kSettings);
  fake.command("fail ibv_create_qp EOPNOTSUPP times=2");  // with inline sends, and without
  Agent a("fake0");
  Agent b("fake1");
  CHECK(!a.status().hardware_clock && b.status().hardware_clock);
  a.probe(b);
  for (const Record &record : a.await(ProbeResult::kSuccess, 5)) CHECK_EQ(record.clock, StampClock::kUser);
}

TEST(rdma_devices_are_listed) {
  const FakeVerbs fake(kSettings);
  fake.command("event fake1 port_err");
  auto listed = list_rdma_devices();
  CHECK(listed.ok());
  const std::vector<DeviceInfo> &devices = listed.value();
  CHECK_EQ(devices.size(), 2);
  CHECK(devices[0].name == "fake0" && devices[0].problem.empty());
  CHECK(devices[0].stamps == CompletionStamps::kTicks);
  CHECK_EQ(devices[0].clock_khz, 31'250);
  CHECK_EQ(devices[0].ports.size(), 1);
  const PortInfo &port = devices[0].ports[0];
  CHECK(std::string(port.state) == "PORT_ACTIVE");
  size_t preferred = 0;
  for (const GidInfo &gid : port.gids) {
    if (!gid.preferred) continue;
    ++preferred;
    CHECK(gid.gid == "::ffff:10.0.0.1" && gid.type == GidType::kRoceV2);
  }
  CHECK_EQ(preferred, 1);
  CHECK(std::string(devices[1].ports[0].state) == "PORT_DOWN");
  fake.command("fail ibv_query_device_ex EIO times=2");
  CHECK(list_rdma_devices().value()[0].problem == "ibv_query_device_ex: Input/output error");
  CHECK_EQ(fake.count("all", "live"), 0);
}

}  // namespace weft::test
