// Objects, queues and devices of the fake verbs library: what is refused, what goes away, what is left.

#include <atomic>
#include <thread>

#include "verbs_endpoint.h"

namespace weft::test {

TEST(fake_verbs_refuse_what_a_full_queue_cannot_take) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0", kRawStamps, 2);
  ibv_ah *const self = a.address_of(a);
  CHECK_EQ(a.send(self, 1, "one"), 0);
  CHECK_EQ(a.send(self, 1, "two", 101, kQkey, 0), 0);  // completes with the next one only
  CHECK_EQ(a.send(self, 1, "three"), ENOMEM);
  CHECK_EQ(a.wait().wr_id, 100);
  CHECK_EQ(a.send(self, 1, "three"), 0);
  CHECK_EQ(a.send(self, 1, "four"), ENOMEM);
  CHECK_EQ(a.wait().wr_id, 100);
  CHECK_EQ(fake.count("fake0", "outstanding_sends"), 0);
  CHECK_EQ(a.post_receive(0), 0);
  CHECK_EQ(a.post_receive(1), 0);
  CHECK_EQ(a.post_receive(0), ENOMEM);
  CHECK_EQ(fake.count("fake0", "refused_sends"), 2);
  CHECK_EQ(fake.count("fake0", "refused_receives"), 1);
}

TEST(fake_verbs_refuse_posts_in_the_wrong_state) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  ibv_ah *const self = a.address_of(a);
  CHECK_EQ(a.change_state(IBV_QPS_INIT), EINVAL);
  CHECK_EQ(a.change_state(IBV_QPS_RESET), 0);
  CHECK_EQ(a.post_receive(0), EINVAL);
  CHECK_EQ(a.send(self, 1, "text"), EINVAL);
  CHECK_EQ(a.change_state(IBV_QPS_RTR), EINVAL);
  a.make_ready();
  CHECK_EQ(a.post_receive(0), 0);
  CHECK_EQ(a.change_state(IBV_QPS_ERR), 0);
  CHECK_EQ(a.wait().status, IBV_WC_WR_FLUSH_ERR);
}

TEST(fake_verbs_check_the_memory_of_requests) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  ibv_ah *const self = a.address_of(a);
  CHECK_EQ(a.post_receive(0, kHeaderBytes + 3), 0);
  CHECK_EQ(a.send(self, a.qp->qp_num, "four"), 0);
  CHECK_EQ(a.wait().opcode, IBV_WC_SEND);
  CHECK_EQ(a.wait().status, IBV_WC_LOC_LEN_ERR);
  a.change_state(IBV_QPS_RESET);
  a.make_ready();
  ibv_mr was_registered = *a.mr;
  CHECK_EQ(verbs.ibv_dereg_mr(a.mr), 0);
  a.mr = &was_registered;
  CHECK_EQ(a.send(self, a.qp->qp_num, "not registered"), 0);
  CHECK_EQ(a.wait().status, IBV_WC_LOC_PROT_ERR);
}

TEST(fake_verbs_break_a_completion_queue_that_overflows) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0", kRawStamps, 8, 2);
  ibv_ah *const self = a.address_of(a);
  for (int i = 0; i < 3; ++i) CHECK_EQ(a.send(self, 1, "x"), 0);
  CHECK_EQ(a.take_async_event(), IBV_EVENT_CQ_ERR);
  CHECK_EQ(fake.count("fake0", "cq_overruns"), 1);
}

TEST(fake_verbs_destroy_nothing_that_is_used) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  ibv_ah *const self = a.address_of(a);
  CHECK_EQ(fake.count("fake0", "live"), 7);
  CHECK_EQ(verbs.ibv_dealloc_pd(a.pd), EBUSY);
  CHECK_EQ(verbs.ibv_destroy_cq(ibv_cq_ex_to_cq(a.cq)), EBUSY);
  CHECK_EQ(verbs.ibv_destroy_comp_channel(a.channel), EBUSY);
  CHECK_EQ(fake.count("fake0", "busy"), 3);
  CHECK_EQ(verbs.ibv_destroy_ah(self), 0);
  CHECK_EQ(verbs.ibv_destroy_qp(a.qp), 0);
  CHECK_EQ(verbs.ibv_destroy_cq(ibv_cq_ex_to_cq(a.cq)), 0);
  CHECK_EQ(verbs.ibv_destroy_comp_channel(a.channel), 0);
  CHECK_EQ(verbs.ibv_dereg_mr(a.mr), 0);
  CHECK_EQ(verbs.ibv_dealloc_pd(a.pd), 0);
  CHECK_EQ(fake.count("fake0", "live"), 1);
  CHECK_EQ(fake.try_command("configure devices=1"), EBUSY);
}

TEST(fake_verbs_count_what_is_left_when_a_context_is_closed) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  { Endpoint a(verbs, "fake0"); }
  CHECK_EQ(fake.count("fake0", "live"), 0);
  CHECK_EQ(fake.count("fake0", "leaked"), 5);
}

TEST(fake_verbs_destroy_a_queue_once_its_events_are_acknowledged) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  CHECK_EQ(a.arm(), 0);
  CHECK_EQ(a.send(a.address_of(a), 1, "x"), 0);
  ibv_cq *cq = nullptr;
  void *its_context = nullptr;
  CHECK_EQ(verbs.ibv_get_cq_event(a.channel, &cq, &its_context), 0);
  CHECK_EQ(fake.count("fake0", "unacknowledged_cq_events"), 1);
  CHECK_EQ(verbs.ibv_destroy_qp(a.qp), 0);
  std::atomic<bool> destroyed{false};
  std::thread destroyer([&] {
    CHECK_EQ(verbs.ibv_destroy_cq(cq), 0);
    destroyed = true;
  });
  while (fake.count("fake0", "blocked") == 0) std::this_thread::yield();
  CHECK(!destroyed);
  verbs.ibv_ack_cq_events(cq, 1);
  destroyer.join();
  CHECK_EQ(fake.count("fake0", "cqs"), 0);
}

TEST(fake_verbs_fail_the_step_that_is_asked_for) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  fake.command("fail ibv_alloc_pd ENOMEM at=2 times=2");
  ibv_pd *const first = verbs.ibv_alloc_pd(a.context);
  CHECK(first != nullptr);
  for (int i = 0; i < 2; ++i) CHECK(verbs.ibv_alloc_pd(a.context) == nullptr && errno == ENOMEM);
  ibv_pd *const fourth = verbs.ibv_alloc_pd(a.context);
  CHECK(fourth != nullptr);
  fake.command("fail any EPERM at=3");
  CHECK_EQ(a.arm(), 0);
  CHECK_EQ(a.post_receive(0), 0);
  CHECK_EQ(a.change_state(IBV_QPS_ERR), EPERM);
  CHECK_EQ(a.change_state(IBV_QPS_ERR), 0);
  CHECK_EQ(fake.count("fake0", "planned_failures"), 3);
  fake.command("fail ibv_open_device 13 times=0");
  for (int i = 0; i < 3; ++i) CHECK(verbs.open("fake1") == nullptr && errno == EACCES);
  fake.command("clear");
  ibv_context *const opened = verbs.open("fake1");
  CHECK(opened != nullptr);
  CHECK_EQ(verbs.ibv_close_device(opened), 0);
}

TEST(fake_verbs_take_a_port_down_and_up) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  CHECK_EQ(a.post_receive(0), 0);
  ibv_ah *const self = a.address_of(a);
  ibv_port_attr port{};
  fake.command("event fake0 port_err");
  CHECK_EQ(a.take_async_event(), IBV_EVENT_PORT_ERR);
  CHECK_EQ(Verbs::query_port(a.context, 1, port), 0);
  CHECK_EQ(port.state, IBV_PORT_DOWN);
  CHECK_EQ(a.send(self, a.qp->qp_num, "lost"), 0);
  CHECK_EQ(a.wait().opcode, IBV_WC_SEND);
  fake.command("event fake0 port_active");
  CHECK_EQ(a.take_async_event(), IBV_EVENT_PORT_ACTIVE);
  CHECK_EQ(a.send(self, a.qp->qp_num, "found"), 0);
  CHECK_EQ(a.wait().opcode, IBV_WC_SEND);
  const Wc wc = a.wait();
  CHECK(a.text_in(0, wc) == "found");
  CHECK_EQ(fake.count("fake0", "dropped_port_down"), 1);
}

TEST(fake_verbs_kill_a_device) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  ibv_ah *const self = a.address_of(a);
  fake.command("event fake0 device_fatal");
  CHECK_EQ(a.take_async_event(), IBV_EVENT_DEVICE_FATAL);
  ibv_port_attr port{};
  ibv_poll_cq_attr none{};
  CHECK_EQ(Verbs::query_port(a.context, 1, port), EIO);
  CHECK_EQ(ibv_start_poll(a.cq, &none), EIO);
  CHECK_EQ(a.arm(), EIO);
  CHECK_EQ(a.post_receive(0), EIO);
  CHECK_EQ(a.send(self, 1, "x"), EIO);
  CHECK(verbs.ibv_alloc_pd(a.context) == nullptr && errno == EIO);
  CHECK(a.event_is_there());  // whoever slept is woken, and told
  ibv_cq *cq = nullptr;
  void *its_context = nullptr;
  CHECK(verbs.ibv_get_cq_event(a.channel, &cq, &its_context) == -1 && errno == EIO);
  CHECK_EQ(verbs.ibv_destroy_qp(a.qp), EIO);
  Endpoint again(verbs, "fake0");
  CHECK_EQ(again.post_receive(0), 0);
}

TEST(fake_verbs_unplug_a_device_and_bring_back_another) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  ibv_ah *old_address = nullptr;
  uint32_t old_qpn = 0;
  ibv_gid old_gid{};
  {
    Endpoint b(verbs, "fake1");
    old_address = a.address_of(b);
    old_qpn = b.qp->qp_num;
    old_gid = b.gid(3);
    fake.command("remove fake1");
    CHECK_EQ(b.take_async_event(), IBV_EVENT_DEVICE_FATAL);
  }
  CHECK_EQ(fake.count("fake1", "live"), 0);
  CHECK_EQ(fake.count("fake1", "leaked"), 0);  // the kernel had taken them before
  CHECK(verbs.open("fake1") == nullptr);
  CHECK_EQ(a.send(old_address, old_qpn, "gone"), 0);
  CHECK_EQ(fake.count("fake0", "dropped_no_route"), 1);
  fake.command("add fake1");
  CHECK_EQ(fake.try_command("add fake1"), EEXIST);
  Endpoint b(verbs, "fake1");
  CHECK(b.qp->qp_num != old_qpn);
  const ibv_gid gid = b.gid(3);
  CHECK(std::memcmp(&gid, &old_gid, sizeof gid) != 0);
}

TEST(fake_verbs_change_a_gid) {
  const FakeVerbs fake;
  const Verbs verbs(fake);
  Endpoint a(verbs, "fake0");
  Endpoint b(verbs, "fake1");
  ibv_ah *const to_b = a.address_of(b);
  fake.command("gid fake1 3 192.0.2.9");
  CHECK_EQ(b.take_async_event(), IBV_EVENT_GID_CHANGE);
  CHECK_EQ(b.gid(3).raw[12], 192);
  CHECK_EQ(b.gid(3).raw[15], 9);
  CHECK_EQ(a.send(to_b, b.qp->qp_num, "to the old one"), 0);
  CHECK_EQ(fake.count("fake0", "dropped_no_route"), 0);  // entry 2, RoCE v1, has the same address still
  fake.command("gid fake1 2 none");
  CHECK_EQ(a.send(to_b, b.qp->qp_num, "to the old one"), 0);
  CHECK_EQ(fake.count("fake0", "dropped_no_route"), 1);
  CHECK_EQ(b.post_receive(0), 0);
  CHECK_EQ(a.send(a.address_of(b), b.qp->qp_num, "to the new one"), 0);
  CHECK_EQ(b.wait().status, IBV_WC_SUCCESS);
  CHECK_EQ(b.slot(0)[36], 192);
}

}  // namespace weft::test
