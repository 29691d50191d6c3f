// The end that probes: sends probes, and makes a record of each from its completion, ACK1 and, where it is sent, ACK2, which
// come in any order. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/engine.h"
#include "base/probe_schedule.h"
#include "rdma/probe_table.h"
#include "rdma/seen.h"
#include "rdma/ud_session.h"

namespace weft {

class UdProber {
 public:
  using Emit = std::function<void(const Record&)>;

  explicit UdProber(Emit emit);

  // Probes that are under way go on; what they wait for may come by this session only if they left by it.
  void use(UdSession* session);

  // Sends the target's next probe. Returns its slot, or nothing when it could not be sent, which is a record then.
  std::optional<uint32_t> send(ProbeTarget& target, const PeerAddress& peer, ibv_ah* to);
  // The target's next probe could not be sent at all.
  void skip(ProbeTarget& target, ProbeResult result, int error);

  // Errors of these two end the session.
  Status take_sent(const WorkId& id, const Completion& completion);
  Status take_received(const WorkId& id, const Completion& completion, const Seen& seen);

  // The timer of a slot has run out. True: it is to be set again, so that a late answer is known as such. `lost` is
  // where the probe went when nothing came back.
  bool expire(uint32_t slot, std::optional<PeerAddress>& lost);
  // Ends all that are under way: nothing comes back any more, and that is this host's fault.
  void abandon(int error);

  const UdProbe& operator[](uint32_t slot) { return probes_[slot]; }
  uint32_t capacity() const { return probes_.capacity(); }
  uint32_t outstanding() const { return outstanding_; }
  int64_t oldest_sent_ns(int64_t now_ns) { return probes_.oldest_sent_ns(now_ns); }
  uint64_t sent() const { return sent_; }
  uint64_t shed() const { return shed_; }
  void add_stats(Stats& stats) const;

 private:
  // Which probe a send slot of a queue pair carries.
  struct SendOwner {
    uint32_t probe = ProbeTable::kNone;
    uint32_t counter = 0;
  };

  uint32_t slot_of(const Payload& ack, const Grh* grh, const Completion& completion) const;
  void take_ack(uint32_t slot, const Payload& ack, const Completion& completion, const Seen& seen);
  void complete_if_ready(uint32_t slot);
  void complete(uint32_t slot);
  void end(uint32_t slot, ProbeResult result, int error);
  // It ends by this host's fault.
  void fail(uint32_t slot, int error);
  bool outstanding(const SendOwner& owner) const;

  Emit emit_;
  const uint32_t epoch_;
  UdSession* session_ = nullptr;
  ProbeTable probes_;
  std::vector<std::vector<SendOwner>> owners_;  // by queue pair and send slot
  uint32_t outstanding_ = 0;
  uint64_t sent_ = 0;
  uint64_t shed_ = 0;

  Counter unmatched_, malformed_, no_grh_, failed_sends_, failed_receives_, queue_ran_empty_, peer_queue_ran_empty_,
      unmeasured_;
};

}  // namespace weft
