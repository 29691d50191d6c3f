// The STAMP reflector: answers each probe at once, then tells its exact T4 (the kernel's TX stamp of the answer) by a
// follow-up to who paid for one, and in the next answer to who asked for Follow-Up Telemetry. Always event-driven: the
// time between T3 and T4 is a figure that people read.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/engine.h"
#include "net/datagram_batch.h"
#include "net/delay_line.h"
#include "net/fault.h"
#include "net/listen_config.h"
#include "net/prefix_set.h"
#include "base/rate_limiter.h"
#include "net/stamp_reflection.h"
#include "net/telemetry_table.h"
#include "net/udp_socket.h"

namespace weft {

struct UdpReflectorConfig {
  ListenConfig listen;
  bool stamps = true;
  std::vector<uint8_t> key;
  FaultConfig faults;
};

class UdpReflector final : public Engine {
 public:
  static Result<std::shared_ptr<UdpReflector>> create(UdpReflectorConfig config);

  void pump(int max_ms, Slice& slice) override;
  void set_targets(TargetTable) override {}  // a reflector has none
  Stats stats() const override;
  uint16_t port() const override { return socket_.port(); }

 private:
  // A probe that is to be answered.
  struct Arrival {
    Bytes bytes;
    const SocketAddress& from;
    const ReceiveControl& control;
    int64_t received_ns;  // UTC, as the program saw it: T3 where there are no stamps
  };

  // An answer whose TX stamp is awaited.
  struct Awaited {
    uint32_t stamp_id = 0;
    bool used = false;
    bool wants_follow_up = false;
    bool wants_telemetry = false;
    SocketAddress peer;
    LocalAddress local;
    uint8_t traffic_class = 0;
    Stamp t3;
    std::array<uint8_t, stamp::kAuthenticatedBytes> base{};
  };

  UdpReflector(Wakeup wakeup, UdpSocket socket, UdpReflectorConfig config);

  bool answer_pending();
  void take(const IncomingDatagram& probe, const ClockPair& now);
  size_t answer_held(int64_t monotonic_ns);
  void answer(const Arrival& probe);
  bool admit(const IncomingDatagram& probe, int64_t monotonic_ns);
  void refuse(stamp::Refusal refusal);
  uint32_t await_stamp(const stamp::Reflection& reflection, const OutgoingDatagram& answer,
                       const ReceiveControl& control);
  bool take_tx_stamps();
  void follow_up(Awaited& answer, const Stamp& t4);
  void address(OutgoingDatagram& datagram, const LocalAddress& local, uint8_t traffic_class) const;
  void flush_answers();

  const HmacKey* key() const { return key_ ? &*key_ : nullptr; }

  UdpSocket socket_;
  PrefixSet allowed_;
  RateLimiter limiter_;
  std::optional<HmacKey> key_;
  ReceiveBatch probes_;
  ReceiveBatch errors_;
  SendBatch answers_;
  SendBatch follow_ups_;
  std::vector<Awaited> awaited_;
  uint32_t next_awaited_ = 0;
  TelemetryTable telemetry_;
  DelayLine delayed_;
  // Which awaited answer a stamp identifier belongs to.
  std::vector<uint32_t> by_stamp_id_;

  Counter received_, answered_, follow_ups_sent_, send_errors_, stamps_missed_, socket_drops_;
  Counter refused_short_, refused_oversized_, refused_malformed_, refused_unauthenticated_, refused_over_limit_,
      refused_not_allowed_, refused_loop_;
};

}  // namespace weft
