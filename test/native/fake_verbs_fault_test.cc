// What the fake verbs library does to packets and completions when it is told to.

#include <map>
#include <thread>

#include "verbs_endpoint.h"

namespace weft::test {

namespace {

// Two devices with a queue pair each, and receives posted at the second.
struct Pair {
  explicit Pair(const std::string &settings = "") : fake(settings) {
    for (uint64_t id = 0; id < 8; ++id) CHECK_EQ(b.post_receive(id), 0);
  }

  int send(const std::string &text, uint64_t id = 100) { return a.send(to_b, b.qp->qp_num, text, id); }
  // Sends `text` after all that was sent before: when it is there, nothing more comes of the others.
  Wc send_last(const std::string &text) {
    while (a.poll()) continue;
    CHECK_EQ(send(text), 0);
    for (;;) {
      const Wc wc = b.wait();
      if (wc.status != IBV_WC_SUCCESS || b.text_in(wc.wr_id, wc) == text) return wc;
      ++others;
    }
  }

  const FakeVerbs fake;
  const Verbs verbs{fake};
  Endpoint a{verbs, "fake0"};
  Endpoint b{verbs, "fake1"};
  ibv_ah *const to_b = a.address_of(b);
  int others = 0;
};

constexpr double kTicksPerUs = 156.25;

}  // namespace

TEST(fake_verbs_drop_what_a_rule_names) {
  Pair pair;
  pair.fake.command("fault fake0 drop count=2 byte0=100 to=" + std::to_string(pair.b.qp->qp_num));
  pair.fake.command("fault fake0 drop from=1");
  for (const char *text : {"kept", "dropped", "dropped", "dead, but the third"}) {
    CHECK_EQ(pair.send(text), 0);
    CHECK_EQ(pair.a.wait().status, IBV_WC_SUCCESS);  // the sender learns nothing
  }
  pair.send_last("end");
  CHECK_EQ(pair.others, 2);
  CHECK_EQ(pair.fake.count("fake0", "dropped_fault"), 2);
  CHECK_EQ(pair.fake.count("fake0", "sent"), 5);
  CHECK_EQ(pair.fake.count("fake1", "received"), 3);
}

TEST(fake_verbs_lose_the_same_packets_for_the_same_seed) {
  std::vector<uint64_t> losses;
  for (const char *const seed : {"7", "7", "8"}) {
    Pair pair(std::string("loss=0.3,seed=") + seed);
    std::string lost;
    for (int i = 0; i < 64; ++i) {
      const uint64_t before = pair.fake.count("fake0", "dropped_loss");
      CHECK_EQ(pair.send("x"), 0);
      pair.a.wait();
      lost += pair.fake.count("fake0", "dropped_loss") > before ? '1' : '0';
    }
    losses.push_back(std::strtoull(lost.c_str(), nullptr, 2));
  }
  CHECK(losses[0] == losses[1]);
  CHECK(losses[0] != losses[2]);
  CHECK(losses[0] != 0 && losses[0] != ~uint64_t{0});
}

TEST(fake_verbs_duplicate_a_packet) {
  Pair pair;
  pair.fake.command("fault fake0 duplicate");
  CHECK_EQ(pair.send("twice"), 0);
  pair.send_last("end");
  CHECK_EQ(pair.others, 2);
  CHECK_EQ(pair.fake.count("fake0", "duplicated"), 1);
}

TEST(fake_verbs_hold_a_packet_until_its_queue_is_armed) {
  Pair pair;
  pair.fake.command("fault fake1 before_arming");
  CHECK_EQ(pair.send("held"), 0);
  while (pair.fake.count("fake1", "before_arming") == 0) std::this_thread::yield();
  CHECK(!pair.b.poll());
  CHECK_EQ(pair.b.arm(), 0);
  CHECK(!pair.b.event_is_there());
  const std::optional<Wc> wc = pair.b.poll();
  CHECK(wc && pair.b.text_in(wc->wr_id, *wc) == "held");
}

TEST(fake_verbs_complete_a_send_twice) {
  Pair pair;
  pair.fake.command("fault fake0 complete_twice");
  CHECK_EQ(pair.send("one", 7), 0);
  for (const ibv_wc_status status : {IBV_WC_SUCCESS, IBV_WC_GENERAL_ERR}) {
    const Wc wc = pair.a.wait();
    CHECK_EQ(wc.status, status);
    CHECK_EQ(wc.wr_id, 7);
  }
  CHECK_EQ(pair.fake.count("fake0", "outstanding_sends"), 0);
  pair.send_last("end");  // the queue pair goes on
  CHECK_EQ(pair.others, 1);
}

TEST(fake_verbs_delay_a_packet_so_that_another_overtakes_it) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  ibv_ah *const self = a.address_of(a);
  for (uint64_t id = 0; id < 2; ++id) CHECK_EQ(a.post_receive(id), 0);
  fake.command("fault fake0 delay us=100000");
  CHECK_EQ(a.send(self, a.qp->qp_num, "slow"), 0);
  const Wc sent = a.wait();
  CHECK_EQ(a.send(self, a.qp->qp_num, "fast"), 0);
  CHECK_EQ(a.wait().opcode, IBV_WC_SEND);
  const Wc first = a.wait();
  const Wc second = a.wait();
  CHECK(a.text_in(0, first) == "fast");
  CHECK(a.text_in(1, second) == "slow");
  CHECK_EQ(second.ticks - sent.ticks, 100'004.8 * kTicksPerUs);
}

TEST(fake_verbs_complete_a_send_after_its_answer) {
  Pair pair;
  CHECK_EQ(pair.a.post_receive(0), 0);
  pair.fake.command("fault fake0 delay_completion us=50000");
  CHECK_EQ(pair.send("probe"), 0);
  CHECK_EQ(pair.b.wait().opcode, IBV_WC_RECV);
  CHECK_EQ(pair.b.send(pair.b.address_of(pair.a), pair.a.qp->qp_num, "answer"), 0);
  const Wc first = pair.a.wait();
  const Wc second = pair.a.wait();
  CHECK_EQ(first.opcode, IBV_WC_RECV);
  CHECK_EQ(second.opcode, IBV_WC_SEND);
  CHECK(second.ticks < first.ticks);  // its stamp is that of the sending
}

TEST(fake_verbs_keep_send_completions_in_order) {
  Pair pair;
  pair.fake.command("fault fake0 delay_completion us=20000");
  CHECK_EQ(pair.send("first", 1), 0);
  CHECK_EQ(pair.send("second", 2), 0);
  CHECK_EQ(pair.a.wait().wr_id, 1);
  CHECK_EQ(pair.a.wait().wr_id, 2);
}

TEST(fake_verbs_lose_a_send_completion) {
  Pair pair;
  pair.fake.command("fault fake0 lose_completion");
  CHECK_EQ(pair.send("first", 1), 0);
  CHECK_EQ(pair.send("second", 2), 0);
  CHECK_EQ(pair.fake.count("fake0", "outstanding_sends"), 2);
  CHECK_EQ(pair.a.wait().wr_id, 2);
  CHECK(!pair.a.poll());
  CHECK_EQ(pair.fake.count("fake0", "outstanding_sends"), 0);  // the later one frees both
  CHECK_EQ(pair.fake.count("fake0", "lost_completions"), 1);
}

TEST(fake_verbs_fail_a_send) {
  Pair pair;
  pair.fake.command("fault fake0 send_error status=" + std::to_string(IBV_WC_LOC_QP_OP_ERR));
  CHECK_EQ(pair.send("fails", 1), 0);
  CHECK_EQ(pair.send("flushed", 2), 0);
  CHECK_EQ(pair.a.wait().status, IBV_WC_LOC_QP_OP_ERR);
  const Wc flushed = pair.a.wait();
  CHECK_EQ(flushed.status, IBV_WC_WR_FLUSH_ERR);
  CHECK_EQ(flushed.wr_id, 2);
  CHECK_EQ(pair.fake.count("fake0", "sent"), 0);
  CHECK_EQ(pair.a.change_state(IBV_QPS_RTS), 0);  // out of SQE
  CHECK_EQ(pair.send_last("end").status, IBV_WC_SUCCESS);
  CHECK_EQ(pair.fake.count("fake0", "error_completions"), 2);
}

TEST(fake_verbs_fail_a_receive) {
  Pair pair;
  pair.fake.command("fault fake1 receive_error status=" + std::to_string(IBV_WC_LOC_PROT_ERR));
  CHECK_EQ(pair.send("fails"), 0);
  CHECK_EQ(pair.b.wait().status, IBV_WC_LOC_PROT_ERR);
  for (int i = 1; i < 8; ++i) CHECK_EQ(pair.b.wait().status, IBV_WC_WR_FLUSH_ERR);
  CHECK(!pair.b.poll());
  CHECK_EQ(pair.b.change_state(IBV_QPS_RESET), 0);
  pair.b.make_ready();
  CHECK_EQ(pair.b.post_receive(3), 0);
  CHECK_EQ(pair.send_last("end").wr_id, 3);
}

TEST(fake_verbs_drop_what_no_receive_waits_for) {
  Pair pair;
  pair.fake.command("fault fake1 starve count=3");
  for (int i = 0; i < 3; ++i) CHECK_EQ(pair.send("starved"), 0);
  CHECK_EQ(pair.send_last("first").wr_id, 0);  // in the order of the posts
  for (int i = 1; i < 8; ++i) CHECK_EQ(pair.send_last("next").wr_id, i);
  CHECK_EQ(pair.send("nobody waits"), 0);
  while (pair.fake.count("fake1", "dropped_no_receive") < 3 + 1) std::this_thread::yield();
  CHECK_EQ(pair.b.post_receive(5), 0);
  CHECK_EQ(pair.send_last("end").wr_id, 5);
}

TEST(fake_verbs_drop_what_is_not_for_the_queue_pair) {
  Pair pair;
  const uint32_t qpn = pair.b.qp->qp_num;
  CHECK_EQ(pair.a.send(pair.to_b, qpn, "wrong key", 1, kQkey + 1), 0);
  CHECK_EQ(pair.a.send(pair.to_b, qpn + 1, "nobody", 2), 0);
  pair.fake.command("pkey fake0 0 0x8123");
  CHECK_EQ(pair.send("other partition", 3), 0);
  pair.fake.command("pkey fake0 0 0x7fff");
  CHECK_EQ(pair.a.send(pair.to_b, qpn, "own key, limited member", 4, 0x8000'0000), 0);
  const Wc wc = pair.send_last("end");
  CHECK_EQ(pair.others, 1);
  CHECK_EQ(wc.wr_id, 1);
  for (const char *const why : {"dropped_qkey", "dropped_no_qp", "dropped_pkey"}) {
    CHECK_EQ(pair.fake.count("fake1", why), 1);
  }
}

TEST(fake_verbs_hash_flow_labels_into_source_ports) {
  Pair pair("fake1.flow_labels=0");
  std::map<std::string, int> ports;
  for (uint32_t label = 1; label <= 5; ++label) {
    CHECK_EQ(pair.a.send(pair.a.address_of(pair.b, 3, label), pair.b.qp->qp_num, "a"), 0);
    CHECK_EQ(pair.b.send(pair.b.address_of(pair.a, 3, label), pair.a.qp->qp_num, "b"), 0);
  }
  for (const char *const device : {"fake0", "fake1"}) {
    const std::string packets = pair.fake.command(std::string("packets ") + device);
    for (size_t at = 0; (at = packets.find("sport=", at)) != std::string::npos; ++at) {
      ++ports[device + packets.substr(at, packets.find(' ', at) - at)];
    }
  }
  CHECK_EQ(ports["fake0sport=49153"], 1);
  CHECK_EQ(ports["fake0sport=49157"], 1);
  CHECK_EQ(ports.size(), 5 + 1);
}

}  // namespace weft::test
