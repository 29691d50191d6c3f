#include "rdma/completion_queue.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

namespace weft {

namespace {

constexpr uint64_t kReceiveFields =
    IBV_WC_EX_WITH_BYTE_LEN | IBV_WC_EX_WITH_SRC_QP | IBV_WC_EX_WITH_SLID | IBV_WC_EX_WITH_SL;
constexpr size_t kBatch = 16;

// irdma and zxdh, which descends from it, take both kinds of stamps for granted and then hand out a round trip of their
// transport where a time belongs (rdma-core, providers/irdma/uverbs.c: irdma_wc_read_completion_ts and _wallclock_ns).
// What a device says of its clock does not give it away; its vendor does.
constexpr uint32_t kIntel = 0x8086;
constexpr uint32_t kZte = 0x1cf2;

bool is_receive(ibv_wc_opcode opcode) { return (opcode & IBV_WC_RECV) != 0; }

}  // namespace

StampSupport stamp_support(const Verbs& verbs, ibv_context* context) {
  ibv_device_attr_ex attributes;
  if (verbs.query_device_ex(context, &attributes) != 0) return {};
  const uint32_t vendor = attributes.orig_attr.vendor_id;
  // Some devices stamp in nanoseconds of the wall clock without telling a tick clock: it is worth asking for in any case.
  StampSupport support{vendor != kIntel && vendor != kZte, false, attributes.completion_timestamp_mask,
                       attributes.hca_core_clock};
  // Without its frequency a raw clock is no clock.
  support.ticks = support.wallclock && support.mask != 0 && support.khz != 0;
  return support;
}

CompletionQueue::CompletionQueue(const Verbs& verbs, VerbsPtr<ibv_comp_channel> channel)
    : verbs_(verbs), channel_(std::move(channel)) {}

CompletionQueue::~CompletionQueue() = default;

Result<std::unique_ptr<CompletionQueue>> CompletionQueue::create(const Verbs& verbs, ibv_context* context,
                                                                 CompletionRoom room, bool stamped) {
  errno = 0;
  auto channel = own(verbs.create_comp_channel(context), verbs.destroy_comp_channel);
  if (!channel) return verbs_error("ibv_create_comp_channel");
  const int flags = fcntl(channel->fd, F_GETFL);
  if (flags < 0 || fcntl(channel->fd, F_SETFL, flags | O_NONBLOCK) != 0) return Error::last("fcntl");
  std::unique_ptr<CompletionQueue> queue(new CompletionQueue(verbs, std::move(channel)));
  if (const Status made = queue->create_queue(context, room, stamped); !made.ok()) return made.error();
  if (const Status armed = queue->arm(); !armed.ok()) return armed.error();
  return queue;
}

Result<std::unique_ptr<CompletionQueue>> CompletionQueue::create_silent(const Verbs& verbs, ibv_context* context,
                                                                        uint32_t entries) {
  std::unique_ptr<CompletionQueue> queue(new CompletionQueue(verbs, own<ibv_comp_channel>(nullptr, verbs.destroy_comp_channel)));
  if (const Status made = queue->create_plain(context, entries); !made.ok()) return made.error();
  return queue;
}

Status CompletionQueue::create_queue(ibv_context* context, CompletionRoom room, bool stamped) {
  const StampSupport support = stamped ? stamp_support(verbs_, context) : StampSupport{};
  if (support.wallclock && create_stamped(context, room.stamped, CompletionStamps::kWallclock)) return Done{};
  if (support.ticks && create_stamped(context, room.stamped, CompletionStamps::kTicks)) {
    clock_ = CompletionClock::ticks(support.mask, support.khz);
    return Done{};
  }
  return create_plain(context, room.plain);
}

Status CompletionQueue::create_plain(ibv_context* context, uint32_t entries) {
  errno = 0;
  cq_ = own(verbs_.create_cq(context, static_cast<int>(entries), nullptr, channel_.get(), 0), verbs_.destroy_cq);
  if (!cq_) return verbs_error("ibv_create_cq");
  return Done{};
}

bool CompletionQueue::create_stamped(ibv_context* context, uint32_t entries, CompletionStamps stamps) {
  verbs_context* extended = verbs_get_ctx_op(context, create_cq_ex);
  if (extended == nullptr) return false;
  ibv_cq_init_attr_ex attributes{};
  attributes.cqe = entries;
  attributes.channel = channel_.get();
  attributes.wc_flags = kReceiveFields | (stamps == CompletionStamps::kWallclock
                                              ? IBV_WC_EX_WITH_COMPLETION_TIMESTAMP_WALLCLOCK
                                              : IBV_WC_EX_WITH_COMPLETION_TIMESTAMP);
  extended_ = extended->create_cq_ex(context, &attributes);
  if (extended_ == nullptr) return false;
  cq_ = own(ibv_cq_ex_to_cq(extended_), verbs_.destroy_cq);
  stamps_ = stamps;
  return true;
}

Result<size_t> CompletionQueue::poll(Completion* completions, size_t max) {
  return extended_ != nullptr ? poll_stamped(completions, max) : poll_plain(completions, max);
}

Result<size_t> CompletionQueue::poll_stamped(Completion* completions, size_t max) {
  ibv_poll_cq_attr attributes{};
  const int failed = ibv_start_poll(extended_, &attributes);
  if (failed == ENOENT) return size_t{0};
  // Not to be followed by ibv_end_poll. mlx5 gives numbers of its own, below 0. What fails at ibv_next_poll fails here
  // the next time.
  if (failed != 0) return Error{failed > 0 ? failed : EIO, "ibv_start_poll"};
  size_t count = 0;
  do {
    read_stamped(completions[count++]);
  } while (count < max && ibv_next_poll(extended_) == 0);
  ibv_end_poll(extended_);
  return count;
}

void CompletionQueue::read_stamped(Completion& completion) {
  completion = Completion{};
  completion.wr_id = extended_->wr_id;
  completion.status = extended_->status;
  if (completion.status != IBV_WC_SUCCESS) return;
  completion.stamp_ns = clock_.ns(stamps_ == CompletionStamps::kWallclock
                                      ? ibv_wc_read_completion_wallclock_ns(extended_)
                                      : ibv_wc_read_completion_ts(extended_));
  if (!is_receive(ibv_wc_read_opcode(extended_))) return;
  completion.bytes = ibv_wc_read_byte_len(extended_);
  completion.source_qpn = ibv_wc_read_src_qp(extended_);
  completion.source_lid = static_cast<uint16_t>(ibv_wc_read_slid(extended_));
  completion.service_level = ibv_wc_read_sl(extended_);
  completion.has_grh = (ibv_wc_read_wc_flags(extended_) & IBV_WC_GRH) != 0;
}

// The plain call also where an extended queue without stamps could be made: some versions of rxe hand out a completion
// twice when it is polled the extended way.
Result<size_t> CompletionQueue::poll_plain(Completion* completions, size_t max) {
  ibv_wc work[kBatch];
  size_t total = 0;
  while (total < max) {
    const size_t wanted = std::min(max - total, kBatch);
    const int count = ibv_poll_cq(cq_.get(), static_cast<int>(wanted), work);
    if (count < 0 && total == 0) return Error{EIO, "ibv_poll_cq"};
    for (int i = 0; i < count; ++i) read_plain(work[i], completions[total++]);
    if (count < static_cast<int>(wanted)) break;
  }
  return total;
}

void CompletionQueue::read_plain(const ibv_wc& work, Completion& completion) {
  completion = Completion{};
  completion.wr_id = work.wr_id;
  completion.status = work.status;
  if (completion.status != IBV_WC_SUCCESS || !is_receive(work.opcode)) return;
  completion.bytes = work.byte_len;
  completion.source_qpn = work.src_qp;
  completion.source_lid = work.slid;
  completion.service_level = work.sl;
  completion.has_grh = (work.wc_flags & IBV_WC_GRH) != 0;
}

Status CompletionQueue::arm() {
  if (armed_) return Done{};
  take_event();
  const int failed = ibv_req_notify_cq(cq_.get(), 0);
  if (failed != 0) return verbs_error("ibv_req_notify_cq", failed);
  armed_ = true;
  return Done{};
}

// Never blocks. An armed queue raises one; should there be more, the next sleep ends at once and brings the next one here.
void CompletionQueue::take_event() {
  ibv_cq* cq = nullptr;
  void* cookie = nullptr;
  if (verbs_.get_cq_event(channel_.get(), &cq, &cookie) != 0) return;
  // Whatever it announced: a queue with an event that was not acknowledged cannot be destroyed.
  verbs_.ack_cq_events(cq_.get(), 1);
}

}  // namespace weft
