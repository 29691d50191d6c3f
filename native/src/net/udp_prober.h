// The STAMP prober: sends what is due in batches, matches answers, follow-ups and TX stamps in any order, and turns each
// probe into one record. At low rates it wakes for every packet; from kBatchedRate on it wakes every millisecond and
// takes all there is, which leaves the network RTT as exact as before (the kernel stamps) at a fraction of the CPU.
// What it does not measure: one-way delays, which would need synchronised clocks.
#pragma once

#include <poll.h>

#include <memory>
#include <optional>
#include <vector>

#include "net/datagram_batch.h"
#include "net/path_sockets.h"
#include "net/pending_table.h"
#include "net/probe_packet.h"
#include "base/prober.h"

namespace weft {

struct UdpProberConfig {
  SocketAddress source_ipv4 = SocketAddress::any(AF_INET, 0);
  SocketAddress source_ipv6 = SocketAddress::any(AF_INET6, 0);
  bool stamps = true;
  std::vector<uint8_t> key;
};

class UdpProber final : public Prober {
 public:
  static Result<std::shared_ptr<UdpProber>> create(const UdpProberConfig& config);

 private:
  struct DueProbe {
    uint32_t target;
    uint32_t socket;
  };

  UdpProber(Wakeup wakeup, const UdpProberConfig& config);

  void receive() override;
  void expire(int64_t now_ns) override;
  void send(const std::vector<uint32_t>& due) override;
  bool wait(int64_t deadline_ns) override;
  int64_t oldest_sent_ns(int64_t now_ns) override { return pending_.oldest_sent_ns(now_ns); }
  void add_stats(Stats& stats) const override;

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
  void build(const DueProbe& due, const ClockPair& now);
  void flush(uint32_t socket);
  bool batched() const;

  const HmacKey* key() const { return key_ ? &*key_ : nullptr; }

  std::optional<HmacKey> key_;
  PendingTable pending_;
  PathSockets sockets_;
  SendBatch probes_;
  ReceiveBatch answers_;
  ReceiveBatch errors_;
  std::vector<uint32_t> expired_;
  std::vector<DueProbe> due_probes_;
  std::vector<pollfd> polled_;
  std::vector<uint32_t> batch_slots_;

  Counter unmatched_, malformed_, unauthenticated_, socket_drops_, unstamped_;
};

}  // namespace weft
