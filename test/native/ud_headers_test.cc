// What packets of probes and answers are marked with, and which answers are believed.

#include <map>
#include <set>

#include "base/bytes.h"
#include "rdma/payload.h"
#include "ud_rig.h"
#include "verbs_endpoint.h"

namespace weft::test {

namespace {

constexpr const char *kSettings = "latency_us=4.8,clock=raw,clock_hz=31250000";
constexpr const char *kUserClock = "latency_us=4.8,clock=none";

using Packet = std::map<std::string, std::string>;

// The last ones that the device sent.
std::vector<Packet> packets_of(const FakeVerbs &fake, const std::string &device) {
  const std::string text = fake.command("packets " + device) + "; ";
  std::vector<Packet> packets;
  for (size_t at = 0, end; (end = text.find("; ", at)) != text.npos; at = end + 2) {
    Packet packet;
    std::string words = text.substr(at, end - at) + " ";
    for (size_t word = 0, blank; (blank = words.find(' ', word)) != words.npos; word = blank + 1) {
      const size_t equals = words.find('=', word);
      packet[words.substr(word, equals - word)] = words.substr(equals + 1, blank - equals - 1);
    }
    packets.push_back(packet);
  }
  return packets;
}

std::set<std::string> values(const std::vector<Packet> &packets, const std::string &field) {
  std::set<std::string> found;
  for (const Packet &packet : packets) found.insert(packet.at(field));
  return found;
}

using Values = std::set<std::string>;

}  // namespace

// DSCP 26 is traffic class 104; the two lower bits are ECN's, which is not mirrored.
TEST(rdma_answers_have_the_class_of_their_probes) {
  const FakeVerbs fake(kSettings);
  RdmaConfig marked = config_of("fake0");
  marked.traffic_class = 0x6a;
  marked.service_level = 3;
  Agent a(marked), b("fake1");
  a.probe(b);
  a.await(ProbeResult::kSuccess, 5);
  CHECK(values(packets_of(fake, "fake0"), "tclass") == Values{"106"});
  CHECK(values(packets_of(fake, "fake1"), "tclass") == Values{"104"});
  for (const char *device : {"fake0", "fake1"}) {
    CHECK(values(packets_of(fake, device), "sl") == Values{"3"});
    CHECK(values(packets_of(fake, device), "hops") == Values{"255"});
  }
  a.probe_marked(b, 10);
  wait_for("the target's own is used", [&] { return packets_of(fake, "fake1").back().at("tclass") == "40"; });
}

TEST(rdma_answers_over_ipv6_have_the_label_of_their_probes) {
  Pair hosts(std::string(kSettings) + ",link=roce6");
  hosts.a.probe(hosts.b, 3);
  hosts.a.await(ProbeResult::kSuccess, 30);
  const Values labels = values(packets_of(hosts.fake, "fake0"), "flow");
  CHECK_EQ(labels.size(), 3);
  CHECK(values(packets_of(hosts.fake, "fake1"), "flow") == labels);
}

TEST(rdma_partition_key_is_that_of_the_index) {
  const FakeVerbs fake(kSettings);
  for (const char *device : {"fake0", "fake1"}) fake.command(std::string("pkey ") + device + " 2 0x9001");
  RdmaConfig one = config_of("fake0"), other = config_of("fake1");
  one.pkey_index = other.pkey_index = 2;
  Agent a(one), b(other);
  a.probe(b);
  a.await(ProbeResult::kSuccess, 5);
  for (const char *device : {"fake0", "fake1"}) {
    CHECK(values(packets_of(fake, device), "pkey") == Values{std::to_string(0x9001)});
  }
  fake.command("pkey fake0 2 0");
  wait_for("it says that there is no such key", [&] { return a.told("pkey: No such file or directory"); });
}

// Within the subnet the LID is the way; to another one a GRH goes with it.
TEST(rdma_infiniband_has_a_header_of_addresses_between_subnets_only) {
  Pair hosts(std::string(kSettings) + ",link=ib");
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSuccess, 5);
  CHECK(values(packets_of(hosts.fake, "fake0"), "dgid") == Values{"::"});
  const RdmaStatus b = hosts.b.status();
  hosts.a.probe("fec0::1", b.qpn, 1, Agent::kTimeoutUs, b.lid);
  wait_for("there is a GRH", [&] { return packets_of(hosts.fake, "fake0").back().at("dgid") == "fec0::1"; });
}

// As with soft-RoCE: the source port follows the queue pair.
TEST(rdma_paths_are_queue_pairs_where_labels_are_ignored) {
  const FakeVerbs fake(std::string(kUserClock) + ",flow_labels=0");
  RdmaConfig config = config_of("fake0");
  config.queue_pairs = 3;
  Agent a(config), b("fake1");
  a.probe(b, 6);
  std::set<uint16_t> paths;
  for (const Record &record : a.await(ProbeResult::kSuccess, 36)) paths.insert(record.path);
  CHECK_EQ(paths.size(), 6);
  const std::vector<Packet> packets = packets_of(fake, "fake0");
  CHECK_EQ(values(packets, "from").size(), 3);
  CHECK_EQ(values(packets, "sport").size(), 3);
  std::map<std::string, Values> pairs_of_path;
  for (const Packet &packet : packets) pairs_of_path[packet.at("flow")].insert(packet.at("from"));
  for (const auto &[path, pairs] : pairs_of_path) CHECK_EQ(pairs.size(), 1);
}

TEST(rdma_busy_polling_needs_no_event) {
  const FakeVerbs fake(kSettings);
  RdmaConfig polling = config_of("fake0");
  polling.busy_poll = true;
  Agent a(polling), b("fake1");
  a.probe(b);
  a.await(ProbeResult::kSuccess, 50);
  // Each queue was armed once, when it was made.
  CHECK(fake.count("fake0", "cq_events") <= 2);
  fake.command("event fake0 port_err");  // which it hears all the same
  a.await(ProbeResult::kSendError, 1);
}

TEST(rdma_devices_that_take_little_are_used_as_they_are) {
  for (const char *limit : {"max_inline=0", "max_qp_wr=64"}) {
    Pair hosts(std::string(kSettings) + "," + limit);
    hosts.a.probe(hosts.b);
    hosts.a.await_successes(100);
    CHECK_EQ(hosts.fake.count("all", "refused_sends") + hosts.fake.count("all", "refused_receives"), 0);
  }
}

// Whom a packet came from is in its GRH: without one nobody is answered, and nobody believed.
TEST(rdma_packets_without_a_grh_are_refused_on_roce) {
  Pair hosts(kSettings);
  hosts.fake.command("fault fake1 hide_grh count=3");
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kTimeout, 3);
  CHECK_EQ(hosts.b.stat("reflector_no_grh"), 3);
  hosts.fake.command("fault fake0 hide_grh count=3 byte2=1");
  hosts.a.await(ProbeResult::kTimeout, 6);
  CHECK_EQ(hosts.a.stat("no_grh"), 3);
}

namespace {

// A queue pair made by hand that plays the reflector, and whatever else sends.
class Answerer {
 public:
  Answerer(const Verbs &verbs, const std::string &device) : endpoint_(verbs, device, kNoStamps) {
    for (uint64_t slot = 0; slot < 8; ++slot) endpoint_.post_receive(slot);
  }

  uint32_t qpn() const { return endpoint_.qp->qp_num; }
  // The next probe that comes, and where from.
  std::pair<Payload, uint32_t> next() {
    const Wc wc = endpoint_.wait();
    const std::string text = endpoint_.text_in(wc.wr_id, wc);
    endpoint_.post_receive(wc.wr_id);
    const auto probe = decode({reinterpret_cast<const uint8_t *>(text.data()), text.size()});
    CHECK(probe.has_value());
    return {*probe, wc.src_qp};
  }
  void send(ibv_ah *to, uint32_t qpn, const Payload &payload, size_t bytes = kPayloadBytes) {
    std::string text(kPayloadBytes, '\0');
    encode(payload, reinterpret_cast<uint8_t *>(text.data()));
    CHECK_EQ(endpoint_.send(to, qpn, text.substr(0, bytes), 100, kQkey, 0), 0);
  }
  ibv_ah *address_of(const Answerer &other) { return endpoint_.address_of(other.endpoint_); }
  // On InfiniBand.
  ibv_ah *address_of(uint16_t lid) {
    ibv_ah_attr attributes{};
    attributes.port_num = 1;
    attributes.dlid = lid;
    return endpoint_.address(attributes);
  }

 private:
  Endpoint endpoint_;
};

Payload answer_to(const Payload &probe) {
  Payload ack;
  ack.type = PayloadType::kAck;
  ack.ack = 1;
  ack.sequence = probe.sequence;
  ack.t3 = 1;
  ack.t4 = 2;
  return ack;
}

}  // namespace

TEST(rdma_answers_are_believed_from_the_queue_pair_that_was_probed_only) {
  const FakeVerbs fake(std::string(kUserClock) + ",devices=3,fake1.next_qpn=500,fake2.next_qpn=500");
  RdmaConfig config = config_of("fake0");
  config.qkey = kQkey;
  Agent a(config);
  const Verbs verbs(fake);
  Answerer home(verbs, "fake0"), probed(verbs, "fake1"), neighbour(verbs, "fake1"), stranger(verbs, "fake2");
  CHECK(stranger.qpn() == probed.qpn() && neighbour.qpn() != probed.qpn());
  a.probe("::ffff:10.0.0.2", probed.qpn(), 1, 600'000'000, 0, 50'000);
  const auto [probe, from] = probed.next();
  const Payload right = answer_to(probe);

  Payload of_another_life = right;
  of_another_life.sequence ^= uint64_t{1} << 32;
  Payload unknown = right;
  unknown.sequence += 1000;
  probed.send(probed.address_of(home), from, of_another_life);
  probed.send(probed.address_of(home), from, unknown);
  neighbour.send(neighbour.address_of(home), from, right);
  stranger.send(stranger.address_of(home), from, right);
  wait_for("they are not matched", [&] { return a.stat("unmatched") == 4; });

  Payload no_answer = right;
  no_answer.type = PayloadType::kProbe;
  no_answer.ack = 0;
  probed.send(probed.address_of(home), from, no_answer);
  probed.send(probed.address_of(home), from, right, kPayloadBytes - 1);
  wait_for("they are no answers", [&] { return a.stat("malformed") == 2; });
  CHECK_EQ(a.records(ProbeResult::kSuccess).size(), 0);

  probed.send(probed.address_of(home), from, right);
  CHECK_EQ(a.await(ProbeResult::kSuccess, 1).size(), 1);
}

// Packets carry no GID within a subnet: the LID says whose they are.
TEST(rdma_answers_on_infiniband_are_believed_from_the_lid_that_was_probed_only) {
  constexpr uint16_t kHome = 17, kProbed = 18;
  const FakeVerbs fake(std::string(kUserClock) +
                       ",link=ib,devices=3,fake1.next_qpn=500,fake2.next_qpn=500,fake0.lid=17,fake1.lid=18");
  RdmaConfig config = config_of("fake0");
  config.qkey = kQkey;
  Agent a(config);
  const Verbs verbs(fake);
  Answerer probed(verbs, "fake1"), stranger(verbs, "fake2");
  CHECK_EQ(stranger.qpn(), probed.qpn());
  a.probe("fe80::1", probed.qpn(), 1, 600'000'000, kProbed, 50'000);
  const auto [probe, from] = probed.next();
  const Payload right = answer_to(probe);
  stranger.send(stranger.address_of(kHome), from, right);
  wait_for("it was taken", [&] { return a.stat("unmatched") + a.stat("success") == 1; });
  CHECK_EQ(a.stat("success"), 0);
  probed.send(probed.address_of(kHome), from, right);
  CHECK_EQ(a.await(ProbeResult::kSuccess, 1).size(), 1);
}

}  // namespace weft::test
