// The objects that verbs hand out: libibverbs' own structures, with what a driver would keep behind them. All of them are
// guarded by the one mutex of the world (world.h); a context owns what was made of it until it is destroyed, or closed.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "verbs_abi.h"

namespace fake_verbs {

struct Device;
struct Packet;

template <typename T>
using Owned = std::unordered_map<const void *, std::unique_ptr<T>>;

struct Pd : ibv_pd {
  unsigned users = 0;
};

struct Mr : ibv_mr {
  int access = 0;
};

struct Ah : ibv_ah {
  ibv_ah_attr attributes{};
};

struct Cq;

struct Channel : ibv_comp_channel {
  std::deque<Cq *> events;
};

// A completion as the hardware writes it.
struct Completion {
  uint64_t wr_id = 0;
  ibv_wc_status status = IBV_WC_SUCCESS;
  ibv_wc_opcode opcode = IBV_WC_SEND;
  uint32_t byte_len = 0;
  uint32_t qp_num = 0;
  uint32_t src_qp = 0;
  unsigned wc_flags = 0;
  uint16_t slid = 0;
  uint8_t sl = 0;
  bool is_receive = false;
  bool solicited = false;
  uint32_t frees = 1;  // places of its queue that are free once it is polled
  int64_t time_ns = 0;  // when it came about, on the simulated time
  uint64_t ticks = 0;
  uint64_t wall_clock_ns = 0;
};

struct Cq : ibv_cq_ex {
  std::deque<Completion> completions;
  Completion current;  // what the read_* functions read
  bool polling = false;
  bool armed = false;
  bool solicited_only = false;
  bool broken = false;  // overrun
  unsigned users = 0;
  uint32_t events_read = 0;  // from its channel
  uint32_t async_events_read = 0;
  uint64_t wc_flags = 0;

  ibv_cq *classic() { return reinterpret_cast<ibv_cq *>(this); }
};

struct ReceiveRequest {
  uint64_t wr_id = 0;
  std::vector<ibv_sge> pieces;
};

struct Qp : ibv_qp {
  ibv_qp_cap cap{};
  bool signal_all = false;
  uint8_t port = 0;
  uint16_t pkey_index = 0;
  uint32_t qkey = 0;
  std::deque<ReceiveRequest> receives;
  uint32_t unpolled_sends = 0;     // posted, and their completion (or that of a later one) not polled
  uint32_t unpolled_receives = 0;  // likewise
  uint32_t unsignaled_sends = 0;   // since the last one that completes
  int64_t last_completion_ns = 0;  // of sends: they complete in order
  std::shared_ptr<const Packet> flood;  // comes again for each receive that is posted
  std::vector<std::shared_ptr<const Packet>> before_arming;  // come when the queue is armed
};

struct Context : verbs_context {
  Device *device = nullptr;
  bool dead = false;
  std::deque<ibv_async_event> events;
  Owned<Pd> pds;
  Owned<Mr> mrs;
  Owned<Ah> ahs;
  Owned<Channel> channels;
  Owned<Cq> cqs;
  Owned<Qp> qps;

  size_t live_objects() const {
    return pds.size() + mrs.size() + ahs.size() + channels.size() + cqs.size() + qps.size();
  }
};

inline Context *context_of(ibv_context *context) { return static_cast<Context *>(verbs_get_ctx(context)); }
inline Cq *cq_of(ibv_cq *cq) { return static_cast<Cq *>(reinterpret_cast<ibv_cq_ex *>(cq)); }

template <typename T>
T *keep(Owned<T> &owned, std::unique_ptr<T> object) {
  T *const pointer = object.get();
  owned.emplace(pointer, std::move(object));
  return pointer;
}

}  // namespace fake_verbs
