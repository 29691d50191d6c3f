// A completion queue: completions with the device's own stamps where it has them, and a channel with events that end a
// sleep, unless it is silent. One thread.
#pragma once

#include <cstdint>
#include <optional>

#include "rdma/completion_clock.h"
#include "rdma/rdma.h"
#include "rdma/verbs.h"

namespace weft {

struct Completion {
  uint64_t wr_id = 0;
  ibv_wc_status status = IBV_WC_SUCCESS;
  // Of a receive that succeeded:
  uint32_t bytes = 0;
  uint32_t source_qpn = 0;
  uint16_t source_lid = 0;
  uint8_t service_level = 0;
  bool has_grh = false;
  // On the device's clock; nothing where it has none.
  std::optional<int64_t> stamp_ns;
};

// Completions that a queue has room for: with stamps, or when it has none.
struct CompletionRoom {
  uint32_t stamped;
  uint32_t plain;
};

class CompletionQueue {
 public:
  // With the best stamps that the device offers; with none unless `stamped`. REQUIRES: its queue pairs never have more
  // requests under way than there is room for.
  static Result<std::unique_ptr<CompletionQueue>> create(const Verbs& verbs, ibv_context* context, CompletionRoom room,
                                                         bool stamped = true);
  // Without stamps, and without events: nobody is woken for what it holds. It is polled only.
  static Result<std::unique_ptr<CompletionQueue>> create_silent(const Verbs& verbs, ibv_context* context,
                                                                uint32_t entries);

  ~CompletionQueue();
  CompletionQueue(const CompletionQueue&) = delete;
  CompletionQueue& operator=(const CompletionQueue&) = delete;

  // At most `max` completions; fewer: that was all. Errors: ibv_start_poll, ibv_poll_cq: the queue cannot go on. What
  // came before it was handed out.
  Result<size_t> poll(Completion* completions, size_t max);
  // Asks for an event at the next completion, unless one was asked for and has not come. Completions that came before
  // raise none: poll once more before sleeping. REQUIRES, as fd: it is not silent.
  Status arm();
  bool armed() const { return armed_; }
  // Readable once an event has come.
  int fd() const { return channel_->fd; }
  // An event has come: it is taken when the queue is armed again.
  void disarm() { armed_ = false; }

  ibv_cq* raw() const { return cq_.get(); }
  // Completions that it holds at most.
  size_t entries() const { return static_cast<size_t>(cq_->cqe); }
  CompletionStamps stamps() const { return stamps_; }
  bool hardware_clock() const { return stamps_ != CompletionStamps::kNone; }

 private:
  CompletionQueue(const Verbs& verbs, VerbsPtr<ibv_comp_channel> channel);

  void take_event();
  Status create_queue(ibv_context* context, CompletionRoom room, bool stamped);
  Status create_plain(ibv_context* context, uint32_t entries);
  bool create_stamped(ibv_context* context, uint32_t entries, CompletionStamps stamps);
  Result<size_t> poll_stamped(Completion* completions, size_t max);
  Result<size_t> poll_plain(Completion* completions, size_t max);
  static void read_plain(const ibv_wc& work, Completion& completion);
  void read_stamped(Completion& completion);

  const Verbs& verbs_;
  VerbsPtr<ibv_comp_channel> channel_;  // nullptr: silent
  VerbsPtr<ibv_cq> cq_;
  ibv_cq_ex* extended_ = nullptr;  // the same queue, when it stamps
  CompletionStamps stamps_ = CompletionStamps::kNone;
  bool armed_ = false;
  CompletionClock clock_ = CompletionClock::nanoseconds();
};

// What is worth asking a device for.
struct StampSupport {
  bool wallclock = false;
  bool ticks = false;
  uint64_t mask = 0;
  uint64_t khz = 0;
};

// Whether a queue with such stamps can be made only shows when it is made.
StampSupport stamp_support(const Verbs& verbs, ibv_context* context);

}  // namespace weft
