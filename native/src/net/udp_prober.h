// The STAMP prober: sends what is due in batches, matches answers, follow-ups and TX stamps in any order, and turns each
// probe into one record. At low rates it wakes for every packet; from kBatchedRate on it wakes every millisecond and
// takes all there is, which leaves the network RTT as exact as before (the kernel stamps) at a fraction of the CPU.
// What it does not measure: one-way delays, which would need synchronised clocks.
#pragma once

#include <poll.h>

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/engine.h"
#include "net/datagram_batch.h"
#include "net/path_sockets.h"
#include "net/pending_table.h"
#include "net/probe_packet.h"
#include "net/probe_schedule.h"
#include "net/timer_wheel.h"

namespace weft {

struct UdpProberConfig {
  SocketAddress source_ipv4 = SocketAddress::any(AF_INET, 0);
  SocketAddress source_ipv6 = SocketAddress::any(AF_INET6, 0);
  bool stamps = true;
  std::vector<uint8_t> key;
};

class UdpProber final : public Engine {
 public:
  static Result<std::shared_ptr<UdpProber>> create(const UdpProberConfig& config);

  void pump(int max_ms, Slice& slice) override;
  void set_targets(std::vector<TargetEntry> targets) override;
  Stats stats() const override;

 private:
  struct DueProbe {
    uint32_t target;
    uint32_t socket;
  };

  UdpProber(Wakeup wakeup, const UdpProberConfig& config);

  void apply_new_targets();
  void receive();
  void take_answers(uint32_t socket);
  void take_answer(uint32_t socket, const IncomingDatagram& datagram, const ClockPair& seen);
  void take_first_answer(uint32_t slot, const stamp::ProbeAnswer& answer, const ReceiveControl& control,
                         const ClockPair& seen);
  static void take_exact_t4(Pending& probe, const stamp::ReflectorPacket& base, const stamp::FollowUp& exact,
                            bool telemetry);
  void take_telemetry(const ProbeTarget& target, const Pending& current, const stamp::ProbeAnswer& answer);
  void take_tx_stamps(uint32_t socket);
  void complete_if_ready(uint32_t slot);
  void complete(uint32_t slot);
  void expire(int64_t now_ns);
  void send_due(int64_t now_ns);
  void build(const DueProbe& due, const ClockPair& now);
  void flush(uint32_t socket);
  void emit(const Record& record);
  bool batched() const;
  bool wait(int64_t deadline_ns);

  const HmacKey* key() const { return key_ ? &*key_ : nullptr; }

  std::optional<HmacKey> key_;
  ProbeSchedule schedule_;
  PendingTable pending_;
  TimerWheel expiry_;
  PathSockets sockets_;
  SendBatch probes_;
  ReceiveBatch answers_;
  ReceiveBatch errors_;
  std::vector<uint32_t> due_, expired_;
  std::vector<DueProbe> due_probes_;
  std::vector<pollfd> polled_;
  std::vector<uint32_t> batch_slots_;
  uint32_t outstanding_ = 0;
  Slice* slice_ = nullptr;  // of the pump under way

  std::mutex mutex_;  // guards new_targets_
  std::optional<std::vector<TargetEntry>> new_targets_;

  Counter sent_, results_[kProbeResults], unmatched_, malformed_, unauthenticated_, socket_drops_, unstamped_, skipped_,
      shed_, outstanding_gauge_, targets_gauge_;
};

}  // namespace weft
