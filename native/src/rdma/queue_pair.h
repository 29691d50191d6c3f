// A UD queue pair with its buffers. Each receive and each send owns one slot from its posting to its completion; nothing
// else frees it, so no buffer is written while the device may read it, and no queue is overrun. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "rdma/grh.h"
#include "rdma/payload.h"
#include "rdma/verbs.h"

namespace weft {

struct QueuePairConfig {
  uint16_t index = 0;  // among the queue pairs of one completion queue
  uint8_t port = 1;
  uint16_t pkey_index = 0;
  uint32_t qkey = 0;
  uint32_t send_slots = 0;
  uint32_t receive_slots = 0;
};

// Where its completions go; the two may be one.
struct QueuePairQueues {
  ibv_cq* sent;
  ibv_cq* received;
};

// What a work request is, told by its completion.
struct WorkId {
  uint16_t queue_pair;
  bool receive;
  uint32_t slot;

  static constexpr uint64_t kReceiveBit = uint64_t{1} << 32;
  static constexpr int kQueuePairShift = 48;

  uint64_t encoded() const {
    return uint64_t{queue_pair} << kQueuePairShift | (receive ? kReceiveBit : 0) | slot;
  }
  static WorkId decode(uint64_t id) {
    return {static_cast<uint16_t>(id >> kQueuePairShift), (id & kReceiveBit) != 0, static_cast<uint32_t>(id)};
  }
};

class QueuePair {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // Ready to send, with every receive slot posted.
  static Result<std::unique_ptr<QueuePair>> create(const Verbs& verbs, ibv_pd* pd, const QueuePairQueues& queues,
                                                   const QueuePairConfig& config);

  uint32_t number() const { return qp_->qp_num; }
  uint32_t send_slots() const { return config_.send_slots; }

  // A send slot that is the caller's until its completion; kNone when all are under way.
  uint32_t take_send_slot();
  void free_send_slot(uint32_t slot) { free_sends_.push_back(slot); }
  // Sends from a slot that was taken. On failure the slot remains the caller's.
  Status send(uint32_t slot, const Payload& payload, ibv_ah* to, uint32_t to_qpn);

  // What a receive brought: valid until the slot is posted again.
  const uint8_t* grh(uint32_t slot) const { return receive_buffer(slot); }
  Bytes payload(uint32_t slot, uint32_t received_bytes) const;
  Status post_receive(uint32_t slot);

  // A pass is one emptying of the completion queue.
  void begin_pass();
  // True when the completed receive was the last of those that were posted when the pass began: the queue ran empty, or
  // was about to.
  bool used_up(uint32_t slot);

  // A failed send stops a UD queue pair (SQE): makes it ready again.
  Status resume_sending();

  bool has_send_slot() const { return !free_sends_.empty(); }

 private:
  QueuePair(const Verbs& verbs, const QueuePairConfig& config);

  Status create_queue_pair(ibv_pd* pd, const QueuePairQueues& queues);
  Status make_ready();
  uint8_t* receive_buffer(uint32_t slot) const { return memory_.get() + size_t{slot} * kSlotBytes; }
  uint8_t* send_buffer(uint32_t slot) const {
    return memory_.get() + size_t{config_.receive_slots + slot} * kSlotBytes;
  }
  uint8_t* overflow() const { return send_buffer(config_.send_slots); }

  // Room for a GRH and a payload, and for somewhat longer ones of later versions.
  static constexpr size_t kSlotBytes = 128;
  static_assert(kSlotBytes >= kGrhBytes + kPayloadBytes);
  // Behind all slots: where the rest of every datagram that is longer goes, and is not read. On some devices one without
  // room ends the queue pair (rxe: CVE-2024-40992), though the specification wants it dropped (C9-92): whoever has the
  // qkey could keep an engine from working. As long as the largest MTU, which no datagram exceeds.
  static constexpr size_t kOverflowBytes = 4096;

  const Verbs& verbs_;
  QueuePairConfig config_;
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };
  std::unique_ptr<uint8_t, Free> memory_;
  VerbsPtr<ibv_mr> region_;
  VerbsPtr<ibv_qp> qp_;
  bool inline_sends_ = false;
  std::vector<uint32_t> free_sends_;
  std::vector<uint32_t> posted_in_pass_;  // of each receive slot
  uint32_t pass_ = 0;
  uint32_t left_of_pass_ = 0;
};

}  // namespace weft
