// Datagrams over the fake verbs library, by hand: what arrives, what it carries, and when it is told of.

#include "base/clock.h"
#include "verbs_endpoint.h"

namespace weft::test {

namespace {

constexpr uint64_t kLatencyNs = 4'800;
constexpr double kNsPerTick = 6.4;  // 156.25 MHz, the default

// One datagram from `a` to slot 0 of `b`; what `b` sees of it.
Wc deliver(Endpoint &a, Endpoint &b, ibv_ah *ah, const std::string &text) {
  CHECK_EQ(b.post_receive(0), 0);
  CHECK_EQ(a.send(ah, b.qp->qp_num, text), 0);
  const Wc sent = a.wait();
  CHECK_EQ(sent.status, IBV_WC_SUCCESS);
  CHECK_EQ(sent.opcode, IBV_WC_SEND);
  return b.wait();
}

uint16_t sum_of(const uint8_t *bytes, size_t length) {
  uint32_t sum = 0;
  for (size_t i = 0; i < length; i += 2) sum += static_cast<uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

}  // namespace

TEST(fake_verbs_deliver_a_datagram) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  Endpoint b(verbs, "fake1");
  const Wc wc = deliver(a, b, a.address_of(b), "hello");
  CHECK_EQ(wc.status, IBV_WC_SUCCESS);
  CHECK_EQ(wc.opcode, IBV_WC_RECV);
  CHECK_EQ(wc.byte_len, kHeaderBytes + 5);
  CHECK_EQ(wc.src_qp, a.qp->qp_num);
  CHECK_EQ(wc.flags, IBV_WC_GRH);
  CHECK(b.text_in(0, wc) == "hello");
  CHECK(!a.poll() && !b.poll());
}

TEST(fake_verbs_put_an_ipv4_header_before_the_payload) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  Endpoint b(verbs, "fake1");
  deliver(a, b, a.address_of(b), "hello");
  const uint8_t *const header = b.slot(0);
  const uint8_t expected[] = {0x45, 106, 0, 57, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2};
  for (size_t i = 0; i < 20; ++i) CHECK_EQ(header[i], 0);
  for (size_t i = 0; i < sizeof expected; ++i) {
    if (i != 10 && i != 11) CHECK_EQ(header[20 + i], expected[i]);
  }
  CHECK_EQ(sum_of(header + 20, 20), 0xffff);
}

TEST(fake_verbs_put_an_ipv6_header_before_the_payload) {
  const FakeVerbs fake("link=roce6");
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  Endpoint b(verbs, "fake1");
  deliver(a, b, a.address_of(b, 3, 0x12345), "hello");
  const uint8_t *const header = b.slot(0);
  CHECK_EQ(header[0] << 24 | header[1] << 16 | header[2] << 8 | header[3], 6 << 28 | 106 << 20 | 0x12345);
  CHECK_EQ(header[4] << 8 | header[5], 8 + 24 + 5);
  CHECK_EQ(header[6], 17);
  CHECK_EQ(header[7], 64);
  const ibv_gid from = a.gid(3);
  const ibv_gid to = b.gid(3);
  CHECK(std::memcmp(header + 8, from.raw, 16) == 0);
  CHECK(std::memcmp(header + 24, to.raw, 16) == 0);
}

TEST(fake_verbs_address_infiniband_by_lid) {
  const FakeVerbs fake("link=ib,fake1.lid=77");
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  Endpoint b(verbs, "fake1");
  ibv_ah_attr attributes{};
  attributes.port_num = 1;
  attributes.dlid = 77;
  attributes.sl = 3;
  const Wc local = deliver(a, b, a.address(attributes), "hello");
  CHECK_EQ(local.flags, 0);
  CHECK_EQ(local.byte_len, kHeaderBytes + 5);
  CHECK_EQ(local.slid, 1);
  CHECK_EQ(local.sl, 3);
  CHECK(b.text_in(0, local) == "hello");

  attributes.is_global = 1;
  attributes.grh.dgid = b.gid(0);
  const Wc global = deliver(a, b, a.address(attributes), "again");
  CHECK_EQ(global.flags, IBV_WC_GRH);
  CHECK_EQ(b.slot(0)[0], 0x60);
  CHECK_EQ(b.slot(0)[6], 0x1b);
}

TEST(fake_verbs_refuse_addresses_that_a_driver_refuses) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  ibv_ah_attr attributes{};
  attributes.port_num = 1;
  attributes.dlid = 2;
  CHECK(a.address(attributes) == nullptr && errno == EINVAL);  // no GRH on RoCE
  attributes.is_global = 1;
  attributes.grh.sgid_index = 7;
  CHECK(a.address(attributes) == nullptr && errno == EINVAL);  // an empty entry
  attributes.grh.sgid_index = 3;
  attributes.port_num = 2;
  CHECK(a.address(attributes) == nullptr && errno == EINVAL);
}

TEST(fake_verbs_stamp_the_simulated_moment) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  Endpoint b(verbs, "fake1");
  ibv_ah *const there = a.address_of(b);
  ibv_ah *const back = b.address_of(a);
  for (int round = 0; round < 100; ++round) {
    CHECK_EQ(b.post_receive(0), 0);
    CHECK_EQ(a.post_receive(0), 0);
    CHECK_EQ(a.send(there, b.qp->qp_num, "probe"), 0);
    const uint64_t t2 = a.wait().ticks;
    const uint64_t t3 = b.wait().ticks;
    CHECK_EQ(b.send(back, a.qp->qp_num, "answer"), 0);
    const uint64_t t4 = b.wait().ticks;
    const uint64_t t5 = a.wait().ticks;
    CHECK_EQ(static_cast<double>((t5 - t2) - (t4 - t3)) * kNsPerTick, 2 * kLatencyNs);
  }
}

TEST(fake_verbs_clocks_of_other_kinds) {
  const FakeVerbs fake("clock=ns,fake1.clock=none");
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0", kAllStamps);
  CHECK_EQ(a.post_receive(0), 0);
  CHECK_EQ(a.send(a.address_of(a), a.qp->qp_num, "self"), 0);
  const Wc sent = a.wait();
  const Wc received = a.wait();
  CHECK_EQ(received.wall_clock_ns - sent.wall_clock_ns, kLatencyNs);

  ibv_context *const plain = verbs.open("fake1");
  ibv_cq_init_attr_ex wanted{};
  wanted.cqe = 1;
  wanted.wc_flags = kRawStamps;
  CHECK(ibv_create_cq_ex(plain, &wanted) == nullptr && errno == EOPNOTSUPP);
  wanted.wc_flags = IBV_WC_EX_WITH_COMPLETION_TIMESTAMP_WALLCLOCK;
  CHECK(ibv_create_cq_ex(plain, &wanted) == nullptr && errno == EOPNOTSUPP);
  ibv_device_attr_ex attributes{};
  CHECK_EQ(Verbs::query_device(plain, attributes), 0);
  CHECK_EQ(attributes.completion_timestamp_mask, 0);
  ibv_values_ex values{};
  values.comp_mask = IBV_VALUES_MASK_RAW_CLOCK;
  CHECK_EQ(ibv_query_rt_values_ex(plain, &values), EOPNOTSUPP);
  CHECK_EQ(verbs.ibv_close_device(plain), 0);
}

TEST(fake_verbs_clocks_wrap_and_jump) {
  const FakeVerbs fake("mask_bits=12");
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  ibv_device_attr_ex attributes{};
  CHECK_EQ(Verbs::query_device(a.context, attributes), 0);
  CHECK_EQ(attributes.completion_timestamp_mask, 0xfff);
  CHECK_EQ(attributes.hca_core_clock, 156'250);
  ibv_ah *const self = a.address_of(a);
  bool wrapped = false;
  for (int round = 0; round < 1000 && !wrapped; ++round) {
    CHECK_EQ(a.post_receive(0), 0);
    CHECK_EQ(a.send(self, a.qp->qp_num, "self"), 0);
    const uint64_t sent = a.wait().ticks;
    const uint64_t received = a.wait().ticks;
    CHECK(sent <= 0xfff && received <= 0xfff);
    CHECK_EQ(static_cast<double>((received - sent) & 0xfff) * kNsPerTick, kLatencyNs);
    wrapped = received < sent;
  }
  CHECK(wrapped);

  fake.command("set fake0 mask_bits 64");
  CHECK_EQ(a.send(self, a.qp->qp_num, "before"), 0);
  const uint64_t before = a.wait().ticks;
  fake.command("clock fake0 jump -500e9");
  CHECK_EQ(a.send(self, a.qp->qp_num, "after"), 0);
  CHECK(a.wait().ticks < before);
}

TEST(fake_verbs_raise_one_event_for_each_arming) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  ibv_ah *const self = a.address_of(a);
  CHECK_EQ(a.send(self, a.qp->qp_num, "unarmed"), 0);
  CHECK(!a.event_is_there());
  CHECK_EQ(a.arm(), 0);
  CHECK(!a.event_is_there());  // what is there already tells of nothing
  CHECK_EQ(a.send(self, a.qp->qp_num, "armed"), 0);
  CHECK_EQ(a.send(self, a.qp->qp_num, "no more"), 0);
  CHECK(a.event_is_there());
  a.take_event();
  CHECK(!a.event_is_there());
  CHECK_EQ(fake.count("fake0", "unacknowledged_cq_events"), 0);
  while (a.poll()) continue;
  fake.command("spurious fake0");
  CHECK(a.event_is_there());
  CHECK(!a.poll());
  a.take_event();
}

TEST(fake_verbs_moderate_deliveries) {
  const FakeVerbs fake("moderation_us=100000");
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  ibv_ah *const self = a.address_of(a);
  for (uint64_t id = 0; id < 2; ++id) CHECK_EQ(a.post_receive(id), 0);
  const int64_t start = monotonic_ns();
  for (int i = 0; i < 2; ++i) {
    CHECK_EQ(a.arm(), 0);
    CHECK_EQ(a.send(self, a.qp->qp_num, "x", 100, kQkey, 0), 0);
    a.take_event();  // nobody has polled: the thread has delivered
  }
  CHECK(monotonic_ns() - start >= 100'000'000);
  const uint64_t first = a.wait().ticks;
  CHECK(a.wait().ticks > first);
}

TEST(fake_verbs_say_what_a_device_is) {
  const FakeVerbs fake("devices=3,mtu=1024");
  const Verbs verbs(fake);
  int count = 0;
  ibv_device **const list = verbs.ibv_get_device_list(&count);
  CHECK_EQ(count, 3);
  CHECK(list[3] == nullptr && std::string(verbs.ibv_get_device_name(list[2])) == "fake2");
  verbs.ibv_free_device_list(list);

  Endpoint c(verbs, "fake2");
  ibv_port_attr port{};
  CHECK_EQ(Verbs::query_port(c.context, 1, port), 0);
  CHECK_EQ(port.state, IBV_PORT_ACTIVE);
  CHECK_EQ(port.active_mtu, IBV_MTU_1024);
  CHECK_EQ(port.link_layer, IBV_LINK_LAYER_ETHERNET);
  CHECK_EQ(Verbs::query_port(c.context, 2, port), EINVAL);
  ibv_gid_entry entry{};
  CHECK_EQ(verbs._ibv_query_gid_ex(c.context, 1, 2, &entry, 0, sizeof entry), 0);
  CHECK_EQ(entry.gid_type, IBV_GID_TYPE_ROCE_V1);
  CHECK_EQ(verbs._ibv_query_gid_ex(c.context, 1, 3, &entry, 0, sizeof entry), 0);
  CHECK_EQ(entry.gid_type, IBV_GID_TYPE_ROCE_V2);
  CHECK_EQ(entry.ndev_ifindex, 1);
  CHECK_EQ(verbs._ibv_query_gid_ex(c.context, 1, 4, &entry, 0, sizeof entry), ENODATA);
  CHECK_EQ(verbs._ibv_query_gid_ex(c.context, 1, 8, &entry, 0, sizeof entry), EINVAL);
  __be16 pkey = 0;
  CHECK_EQ(verbs.ibv_query_pkey(c.context, 1, 0, &pkey), 0);
  CHECK_EQ(pkey, 0xffff);
}

}  // namespace weft::test
