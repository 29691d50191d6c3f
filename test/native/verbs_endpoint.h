// One datagram queue pair with all that it needs, made by hand from the verbs: for tests of the fake library.
#pragma once

#include <infiniband/verbs.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "fake_verbs_control.h"

namespace weft::test {

#define VERB(name) decltype(&::name) name = fake.function<decltype(&::name)>(#name)

struct Verbs {
  explicit Verbs(const FakeVerbs &fake_verbs) : fake(fake_verbs) {}

  const FakeVerbs &fake;
  VERB(ibv_get_device_list);
  VERB(ibv_free_device_list);
  VERB(ibv_get_device_name);
  VERB(ibv_open_device);
  VERB(ibv_close_device);
  VERB(ibv_query_gid);
  VERB(_ibv_query_gid_ex);
  VERB(ibv_query_pkey);
  VERB(ibv_get_async_event);
  VERB(ibv_ack_async_event);
  VERB(ibv_alloc_pd);
  VERB(ibv_dealloc_pd);
  VERB(ibv_dereg_mr);
  VERB(ibv_create_comp_channel);
  VERB(ibv_destroy_comp_channel);
  VERB(ibv_create_cq);
  VERB(ibv_destroy_cq);
  VERB(ibv_get_cq_event);
  VERB(ibv_ack_cq_events);
  VERB(ibv_create_qp);
  VERB(ibv_modify_qp);
  VERB(ibv_destroy_qp);
  VERB(ibv_create_ah);
  VERB(ibv_destroy_ah);
  // verbs.h has a macro of its name.
  decltype(&::ibv_reg_mr) register_mr = fake.function<decltype(&::ibv_reg_mr)>("ibv_reg_mr");

  // The inline functions of these names call the library itself when a driver is old: they cannot be used with dlopen.
  static int query_port(ibv_context *context, uint8_t port, ibv_port_attr &attributes) {
    return verbs_get_ctx(context)->query_port(context, port, &attributes, sizeof attributes);
  }
  static int query_device(ibv_context *context, ibv_device_attr_ex &attributes) {
    return verbs_get_ctx(context)->query_device_ex(context, nullptr, &attributes, sizeof attributes);
  }

  ibv_context *open(const std::string &name) const {
    int count = 0;
    ibv_device **const list = ibv_get_device_list(&count);
    CHECK(list != nullptr);
    ibv_context *context = nullptr;
    errno = ENOENT;
    for (int i = 0; i < count; ++i) {
      if (name == ibv_get_device_name(list[i])) context = ibv_open_device(list[i]);
    }
    const int error = errno;
    ibv_free_device_list(list);
    errno = error;
    return context;
  }
};

#undef VERB

constexpr uint32_t kQkey = 0x1234'5678;
constexpr size_t kSlotBytes = 256;
constexpr size_t kHeaderBytes = 40;
constexpr int kLongMs = 60'000;  // a limit, never waited for when all is well
constexpr uint64_t kNoStamps = IBV_WC_STANDARD_FLAGS;
constexpr uint64_t kRawStamps = kNoStamps | IBV_WC_EX_WITH_COMPLETION_TIMESTAMP;
constexpr uint64_t kAllStamps = kRawStamps | IBV_WC_EX_WITH_COMPLETION_TIMESTAMP_WALLCLOCK;

struct Wc {
  uint64_t wr_id = 0;
  ibv_wc_status status = IBV_WC_SUCCESS;
  ibv_wc_opcode opcode = IBV_WC_SEND;
  uint32_t byte_len = 0;
  uint32_t src_qp = 0;
  uint32_t slid = 0;
  uint8_t sl = 0;
  unsigned flags = 0;
  uint64_t ticks = 0;
  uint64_t wall_clock_ns = 0;
};

class Endpoint {
 public:
  Endpoint(const Verbs &verbs, const std::string &device, uint64_t wc_flags = kRawStamps, uint32_t depth = 8,
           uint32_t cqe = 64)
      : v(verbs), memory(2 * depth * kSlotBytes), wc_flags_(wc_flags) {
    context = v.open(device);
    CHECK(context != nullptr);
    pd = v.ibv_alloc_pd(context);
    mr = v.register_mr(pd, memory.data(), memory.size(), IBV_ACCESS_LOCAL_WRITE);
    channel = v.ibv_create_comp_channel(context);
    ibv_cq_init_attr_ex wanted{};
    wanted.cqe = cqe;
    wanted.channel = channel;
    wanted.wc_flags = wc_flags;
    cq = ibv_create_cq_ex(context, &wanted);
    CHECK(cq != nullptr);
    ibv_qp_init_attr init{};
    init.send_cq = init.recv_cq = ibv_cq_ex_to_cq(cq);
    init.cap = {depth, depth, 1, 1, 0};
    init.qp_type = IBV_QPT_UD;
    qp = v.ibv_create_qp(pd, &init);
    CHECK(qp != nullptr);
    make_ready();
  }
  Endpoint(const Endpoint &) = delete;
  ~Endpoint() { v.ibv_close_device(context); }

  // RESET to RTS.
  void make_ready() {
    ibv_qp_attr attributes{};
    attributes.qp_state = IBV_QPS_INIT;
    attributes.port_num = 1;
    attributes.qkey = kQkey;
    CHECK_EQ(modify(attributes, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_QKEY), 0);
    CHECK_EQ(change_state(IBV_QPS_RTR), 0);
    attributes.qp_state = IBV_QPS_RTS;
    CHECK_EQ(modify(attributes, IBV_QP_STATE | IBV_QP_SQ_PSN), 0);
  }
  int modify(ibv_qp_attr attributes, int mask) { return v.ibv_modify_qp(qp, &attributes, mask); }
  int change_state(ibv_qp_state to) {
    ibv_qp_attr attributes{};
    attributes.qp_state = to;
    return modify(attributes, IBV_QP_STATE);
  }

  ibv_gid gid(int index) const {
    ibv_gid found{};
    CHECK_EQ(v.ibv_query_gid(context, 1, index, &found), 0);
    return found;
  }

  // An address handle for the other's GID of that index, from the own one of the same index.
  ibv_ah *address_of(const Endpoint &other, uint8_t index = 3, uint32_t flow_label = 0) {
    ibv_ah_attr attributes{};
    attributes.is_global = 1;
    attributes.port_num = 1;
    attributes.grh.dgid = other.gid(index);
    attributes.grh.sgid_index = index;
    attributes.grh.flow_label = flow_label;
    attributes.grh.hop_limit = 64;
    attributes.grh.traffic_class = 106;
    return address(attributes);
  }
  ibv_ah *address(ibv_ah_attr attributes) { return v.ibv_create_ah(pd, &attributes); }

  // Into slot `id`, whose number is that of the request.
  int post_receive(uint64_t id, uint32_t length = kSlotBytes) {
    ibv_sge piece{reinterpret_cast<uint64_t>(slot(id)), length, mr->lkey};
    ibv_recv_wr request{};
    request.wr_id = id;
    request.sg_list = &piece;
    request.num_sge = 1;
    ibv_recv_wr *bad = nullptr;
    return ibv_post_recv(qp, &request, &bad);
  }

  int send(ibv_ah *ah, uint32_t to_qpn, const std::string &text, uint64_t id = 100, uint32_t qkey = kQkey,
           unsigned flags = IBV_SEND_SIGNALED) {
    uint8_t *const place = memory.data() + memory.size() / 2;
    std::copy(text.begin(), text.end(), place);
    ibv_sge piece{reinterpret_cast<uint64_t>(place), static_cast<uint32_t>(text.size()), mr->lkey};
    ibv_send_wr request{};
    request.wr_id = id;
    request.sg_list = &piece;
    request.num_sge = 1;
    request.opcode = IBV_WR_SEND;
    request.send_flags = flags;
    request.wr.ud.ah = ah;
    request.wr.ud.remote_qpn = to_qpn;
    request.wr.ud.remote_qkey = qkey;
    ibv_send_wr *bad = nullptr;
    return ibv_post_send(qp, &request, &bad);
  }

  uint8_t *slot(uint64_t id) { return memory.data() + id * kSlotBytes; }
  std::string text_in(uint64_t id, const Wc &wc) {
    return {reinterpret_cast<char *>(slot(id)) + kHeaderBytes, wc.byte_len - kHeaderBytes};
  }

  std::optional<Wc> poll() {
    ibv_poll_cq_attr attributes{};
    const int error = ibv_start_poll(cq, &attributes);
    if (error == ENOENT) return {};
    CHECK_EQ(error, 0);
    Wc wc = read();
    ibv_end_poll(cq);
    return wc;
  }

  // The next completion, by the book: poll, arm, poll again, sleep.
  Wc wait() {
    for (;;) {
      std::optional<Wc> wc = poll();
      if (wc) return *wc;
      CHECK_EQ(arm(), 0);
      wc = poll();
      if (wc) return *wc;
      take_event();
    }
  }

  int arm() { return ibv_req_notify_cq(ibv_cq_ex_to_cq(cq), 0); }
  bool event_is_there(int timeout_ms = 0) const { return readable(channel->fd, timeout_ms); }
  // Waits for an event and acknowledges it.
  void take_event() {
    CHECK(event_is_there(kLongMs));
    ibv_cq *ready = nullptr;
    void *its_context = nullptr;
    CHECK_EQ(v.ibv_get_cq_event(channel, &ready, &its_context), 0);
    CHECK(ready == ibv_cq_ex_to_cq(cq));
    v.ibv_ack_cq_events(ready, 1);
  }
  // The next asynchronous event, acknowledged.
  ibv_event_type take_async_event() {
    CHECK(readable(context->async_fd, kLongMs));
    ibv_async_event event{};
    CHECK_EQ(v.ibv_get_async_event(context, &event), 0);
    v.ibv_ack_async_event(&event);
    return event.event_type;
  }

  static bool readable(int fd, int timeout_ms) {
    pollfd waiting{fd, POLLIN, 0};
    return ::poll(&waiting, 1, timeout_ms) == 1;
  }

  const Verbs &v;
  ibv_context *context = nullptr;
  ibv_pd *pd = nullptr;
  ibv_mr *mr = nullptr;
  ibv_comp_channel *channel = nullptr;
  ibv_cq_ex *cq = nullptr;
  ibv_qp *qp = nullptr;
  std::vector<uint8_t> memory;  // receive slots, then what is sent

 private:
  Wc read() const {
    Wc wc;
    wc.wr_id = cq->wr_id;
    wc.status = cq->status;
    if (wc.status != IBV_WC_SUCCESS) return wc;
    wc.opcode = ibv_wc_read_opcode(cq);
    wc.byte_len = ibv_wc_read_byte_len(cq);
    wc.src_qp = ibv_wc_read_src_qp(cq);
    wc.slid = ibv_wc_read_slid(cq);
    wc.sl = ibv_wc_read_sl(cq);
    wc.flags = ibv_wc_read_wc_flags(cq);
    if (wc_flags_ & IBV_WC_EX_WITH_COMPLETION_TIMESTAMP) wc.ticks = ibv_wc_read_completion_ts(cq);
    if (wc_flags_ & IBV_WC_EX_WITH_COMPLETION_TIMESTAMP_WALLCLOCK) {
      wc.wall_clock_ns = ibv_wc_read_completion_wallclock_ns(cq);
    }
    return wc;
  }

  const uint64_t wc_flags_;
};

}  // namespace weft::test
