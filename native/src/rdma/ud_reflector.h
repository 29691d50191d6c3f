// The end that answers: each probe gets ACK1 at once, and ACK2 with T3 and T4 when ACK1 has left. Without completion stamps
// T4 is known before ACK1 leaves: ACK1 tells both, and there is no ACK2. It answers where the packet came from, never an
// address that the packet names. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/engine.h"
#include "base/rate_limiter.h"
#include "rdma/address_handles.h"
#include "rdma/completion_queue.h"
#include "rdma/queue_pair.h"
#include "rdma/seen.h"

namespace weft {

// What the reflectors of one engine have counted, session after session.
struct ReflectorCounters {
  Counter received, answered, no_grh, malformed, over_limit, dropped, unreachable, failed, queue_ran_empty;

  void add_stats(Stats& stats) const;
};

class UdReflector {
 public:
  // All but `pair` outlive this.
  // `hardware_clock`: completions have stamps. `rate_limit`: see RateLimiter.
  UdReflector(const UdPort& port, AddressHandles& handles, std::unique_ptr<QueuePair> pair, bool hardware_clock,
              double rate_limit, ReflectorCounters& counters);

  QueuePair& pair() { return *pair_; }
  uint32_t number() const { return pair_->number(); }

  // A probe, or what looks like one, in receive slot `slot`, which is posted again. Error: it could not be.
  Status take(uint32_t slot, const Completion& completion, const Seen& seen);
  // An answer has left, or failed to. Error: the queue pair sends no more.
  Status sent(uint32_t slot, const Completion& completion, const Seen& seen);
  // Sends what was waiting for an address handle.
  void resume(int64_t now_ns);

 private:
  enum class Stage : uint8_t { kFree, kWaiting, kAck1, kAck2 };

  struct Answer {
    Stage stage = Stage::kFree;
    PeerAddress peer;
    uint32_t peer_qpn = 0;
    uint64_t sequence = 0;
    int64_t t3_ns = 0;
    uint8_t flags = 0;
  };

  void answer(const Grh* grh, const Payload& probe, const Completion& completion, const Seen& seen);
  // Sends the first ACK, or waits for the address handle.
  void start(uint32_t slot, int64_t now_ns);
  void tell(uint32_t slot, int64_t t4_ns, int64_t now_ns);
  void send(uint32_t slot, uint8_t ack, int64_t t4_ns, ibv_ah* to);
  // Frees the slot; `counter` says how the answer ended.
  void finish(uint32_t slot, Counter& counter);

  const UdPort& port_;
  AddressHandles& handles_;
  std::unique_ptr<QueuePair> pair_;
  const bool hardware_clock_;
  RateLimiter limiter_;
  ReflectorCounters& counters_;
  std::vector<Answer> answers_;  // by send slot
  std::vector<uint32_t> waiting_;
  int64_t ran_empty_told_until_ns_ = 0;
};

}  // namespace weft
