// Completion queues with time stamps: start_poll, next_poll, end_poll and what is read between them.

#include <cerrno>

#include "completion_queue.h"
#include "world.h"

namespace fake_verbs {

namespace {

constexpr uint64_t kStamps = IBV_WC_EX_WITH_COMPLETION_TIMESTAMP | IBV_WC_EX_WITH_COMPLETION_TIMESTAMP_WALLCLOCK;
constexpr uint32_t kVendorError = 0x77;

Cq &self(ibv_cq_ex *cq) { return *static_cast<Cq *>(cq); }

uint64_t offered_flags(ClockKind clock) {
  switch (clock) {
    case ClockKind::kNone:
      return IBV_WC_STANDARD_FLAGS;
    case ClockKind::kRaw:
      return IBV_WC_STANDARD_FLAGS | IBV_WC_EX_WITH_COMPLETION_TIMESTAMP;
    case ClockKind::kWallClock:
      break;
  }
  return IBV_WC_STANDARD_FLAGS | kStamps;
}

// ENOENT: there is none.
int take_current(Cq &cq) {
  if (!take_completion(cq, cq.current)) return ENOENT;
  cq.wr_id = cq.current.wr_id;
  cq.status = cq.current.status;
  return 0;
}

// A poll that finds nothing, or fails, is not begun: end_poll must not follow it.
int start_poll(ibv_cq_ex *cq, ibv_poll_cq_attr *attributes) {
  const Lock lock(World::get().mutex);
  Context &context = *context_of(cq->context);
  const int failure = World::get().failure_of("ibv_start_poll", context);
  if (failure != 0) return failure;
  if (attributes->comp_mask != 0) return EINVAL;
  if (self(cq).polling) {
    context.device->counters.add(Count::kMisuse);
    return EINVAL;
  }
  const int error = take_current(self(cq));
  self(cq).polling = error == 0;
  return error;
}

int next_poll(ibv_cq_ex *cq) {
  const Lock lock(World::get().mutex);
  if (!self(cq).polling) context_of(cq->context)->device->counters.add(Count::kMisuse);
  return context_of(cq->context)->dead ? EIO : take_current(self(cq));
}

void end_poll(ibv_cq_ex *cq) {
  const Lock lock(World::get().mutex);
  if (!self(cq).polling) context_of(cq->context)->device->counters.add(Count::kMisuse);
  self(cq).polling = false;
}

ibv_wc_opcode read_opcode(ibv_cq_ex *cq) { return self(cq).current.opcode; }
uint32_t read_vendor_err(ibv_cq_ex *cq) { return self(cq).current.status == IBV_WC_SUCCESS ? 0 : kVendorError; }
uint32_t read_byte_len(ibv_cq_ex *cq) { return self(cq).current.byte_len; }
uint32_t read_qp_num(ibv_cq_ex *cq) { return self(cq).current.qp_num; }
uint32_t read_src_qp(ibv_cq_ex *cq) { return self(cq).current.src_qp; }
unsigned read_wc_flags(ibv_cq_ex *cq) { return self(cq).current.wc_flags; }
uint32_t read_slid(ibv_cq_ex *cq) { return self(cq).current.slid; }
uint8_t read_sl(ibv_cq_ex *cq) { return self(cq).current.sl; }
uint8_t read_dlid_path_bits(ibv_cq_ex *) { return 0; }
uint64_t read_completion_ts(ibv_cq_ex *cq) { return self(cq).current.ticks; }
uint64_t read_completion_wallclock_ns(ibv_cq_ex *cq) { return self(cq).current.wall_clock_ns; }

// What was not asked for has no reader: a program that reads it ends here, as it does with a real driver.
void fill_readers(Cq &cq, uint64_t flags) {
  const auto asked = [flags](uint64_t flag) { return (flags & flag) != 0; };
  cq.start_poll = start_poll;
  cq.next_poll = next_poll;
  cq.end_poll = end_poll;
  cq.read_opcode = read_opcode;
  cq.read_vendor_err = read_vendor_err;
  cq.read_wc_flags = read_wc_flags;
  if (asked(IBV_WC_EX_WITH_BYTE_LEN)) cq.read_byte_len = read_byte_len;
  if (asked(IBV_WC_EX_WITH_QP_NUM)) cq.read_qp_num = read_qp_num;
  if (asked(IBV_WC_EX_WITH_SRC_QP)) cq.read_src_qp = read_src_qp;
  if (asked(IBV_WC_EX_WITH_SLID)) cq.read_slid = read_slid;
  if (asked(IBV_WC_EX_WITH_SL)) cq.read_sl = read_sl;
  if (asked(IBV_WC_EX_WITH_DLID_PATH_BITS)) cq.read_dlid_path_bits = read_dlid_path_bits;
  if (asked(IBV_WC_EX_WITH_COMPLETION_TIMESTAMP)) cq.read_completion_ts = read_completion_ts;
  if (asked(IBV_WC_EX_WITH_COMPLETION_TIMESTAMP_WALLCLOCK)) {
    cq.read_completion_wallclock_ns = read_completion_wallclock_ns;
  }
}

}  // namespace

ibv_cq_ex *create_cq_ex(ibv_context *context, ibv_cq_init_attr_ex *attributes) {
  World &world = World::get();
  const Lock lock(world.mutex);
  Context &owner = *context_of(context);
  const int error = world.failure_of("ibv_create_cq_ex", owner);
  if (error != 0) return fail_with(error);
  if (attributes->comp_mask & ~uint32_t{IBV_CQ_INIT_ATTR_MASK_FLAGS}) return fail_with(EINVAL);
  if ((attributes->wc_flags & ~offered_flags(owner.device->settings.clock)) != 0) return fail_with(EOPNOTSUPP);
  Cq *const cq = make_cq(context, attributes->cqe, attributes->cq_context, attributes->channel);
  if (cq != nullptr) fill_readers(*cq, attributes->wc_flags);
  return cq;
}

}  // namespace fake_verbs
