// The far end of TCP probes: accepts, echoes what comes, and resets the connection when it is over. Any open port of
// any server answers a plain probe, in the kernel alone; this one also answers payloads, keeps to its prefixes and
// limits, and leaves no connection behind.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <memory>

#include "base/clock.h"
#include "base/engine.h"
#include "base/unique_fd.h"
#include "net/echo_table.h"
#include "net/listen_config.h"
#include "base/rate_limiter.h"
#include "net/tcp_listener.h"

namespace weft {

struct TcpReflectorConfig {
  ListenConfig listen;
  uint32_t max_connections = 1;    // at least 1
  int64_t idle_ns = 10 * kNsPerS;  // without a byte either way
  double syn_loss = 0;             // on purpose, see fault.h; the kernel answers SYNs, so they cannot be held up here
};

class TcpReflector final : public Engine {
 public:
  static Result<std::shared_ptr<TcpReflector>> create(TcpReflectorConfig config);

  void pump(int max_ms, Slice& slice) override;
  void set_targets(TargetTable) override {}  // a reflector has none
  Stats stats() const override;
  uint16_t port() const override { return listener_.port(); }

 private:
  TcpReflector(Wakeup wakeup, UniqueFd epoll, TcpListener listener, TcpReflectorConfig config);

  bool serve(int64_t until_ns);
  int64_t next_due_ns() const;
  void echo(uint32_t place, int64_t now_ns);
  void accept_pending(int64_t now_ns);
  void take(TcpListener::Accepted accepted, int64_t now_ns);
  bool admit(const AddressBytes& source, int64_t now_ns);
  void keep(EchoConnection connection, int64_t now_ns);
  bool watch(int operation, uint32_t place);
  bool account(const EchoConnection::Progress& progress);
  void end(uint32_t place);
  void end_idle(int64_t now_ns);
  void pause_accepting(int64_t now_ns);
  void watch_listener(uint32_t events);

  UniqueFd epoll_;
  TcpListener listener_;
  PrefixSet allowed_;
  RateLimiter limiter_;
  int64_t idle_ns_;
  EchoTable connections_;
  int64_t resume_ns_ = 0;  // when accepting goes on; 0 = it was not paused
  std::array<epoll_event, 256> events_{};
  EchoConnection::Scratch scratch_{};

  Counter accepted_, open_, echoed_bytes_, idle_closed_, evicted_, overlong_, accept_errors_;
  Counter refused_not_allowed_, refused_over_limit_;
};

}  // namespace weft
