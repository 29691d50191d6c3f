// The RDMA engine of one port: probes and answers over UD queue pairs, and comes back by itself from whatever happens to
// the device. Three messages make a probe (probe, ACK1, ACK2: DESIGN.md, "RDMA: UD queue pairs"). It sleeps until there is
// a completion; from kBatchedRate on, where the device stamps them, it takes those of its probes every millisecond, which
// leaves the network RTT as exact as before at a fraction of the CPU. Probes of others are answered at once, always. What
// it does not measure: one-way delays, which would need synchronised clocks.
#pragma once

#include <poll.h>

#include <optional>
#include <vector>

#include "base/prober.h"
#include "rdma/rdma.h"
#include "rdma/session_keeper.h"
#include "rdma/ud_prober.h"

namespace weft {

class UdEngine final : public Prober, public RdmaMonitor {
 public:
  static Result<std::shared_ptr<UdEngine>> open(const RdmaConfig& config);

  RdmaStatus status() override { return keeper_->status(); }

 private:
  UdEngine(Wakeup wakeup, const RdmaConfig& config);

  void receive() override;
  void expire(int64_t now_ns) override;
  void send(const std::vector<uint32_t>& due) override;
  bool wait(int64_t deadline_ns) override;
  int64_t oldest_sent_ns(int64_t now_ns) override { return prober_.oldest_sent_ns(now_ns); }
  void add_stats(Stats& stats) const override;

  void look_after_session(int64_t now_ns);
  void use_session();
  void take_completions();
  // True: until it was empty. Error: the session cannot go on.
  Result<bool> take_completions(const EndQueues& end);
  Status take_sent(CompletionQueue& queue, const Seen& seen);
  Status take(const Completion& completion, const Seen& seen);

  void send_probe(uint32_t target_slot, int64_t now_ns);
  void resume_waiting(int64_t now_ns);
  // errno that says why the target cannot be probed now; 0: it can.
  int refusal(const ProbeTarget& target);
  PeerAddress peer_of(const ProbeTarget& target);

  bool batched() const;
  bool arm();
  int64_t sleep_until_ns(int64_t deadline_ns, int64_t now_ns) const;
  bool sleep(int64_t until_ns);
  bool has_come(const CompletionQueue& queue) const;

  struct WaitingTarget {
    uint32_t slot;
    uint32_t id;
  };

  const RdmaConfig config_;
  ReflectorCounters reflected_;
  UdProber prober_;
  std::optional<SessionKeeper> keeper_;  // its session is used by all above
  UdSession* session_ = nullptr;         // nullptr between two

  std::vector<WaitingTarget> waiting_;  // for an address handle
  std::vector<uint32_t> expired_;
  std::vector<Completion> completions_;
  std::vector<Completion> sent_completions_;
  std::vector<pollfd> polled_;

  LoopWatch watch_;
  int64_t busy_until_ns_ = 0;
  // What the last sleep ended with, beside completions.
  struct Ready {
    bool device = false;
    bool handles = false;
  };
  Ready ready_;
  uint32_t spins_ = 0;

  Counter stood_still_, unreachable_;
};

}  // namespace weft
