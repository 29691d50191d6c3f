// The TCP prober: opens a connection to each target, takes the round trip of the handshake and the lost SYNs from the
// kernel, sends what the target asks for, and closes by reset. Probes end in any order; none waits for another.
// What it does not measure: the time a SYN waits in this host behind the point where the kernel stamps it (queueing
// disciplines, the NIC), and what happens beyond the peer's kernel, which answers SYNs by itself.
#pragma once

#include <sys/epoll.h>

#include <memory>
#include <optional>
#include <vector>

#include "base/prober.h"
#include "base/sent_order.h"
#include "net/source_ports.h"
#include "net/tcp_exchange.h"
#include "net/tcp_socket.h"

namespace weft {

struct TcpProberConfig {
  SocketAddress source_ipv4 = SocketAddress::any(AF_INET, 0);
  SocketAddress source_ipv6 = SocketAddress::any(AF_INET6, 0);
  uint32_t max_connections = 0;
};

class TcpProber final : public Prober {
 public:
  static Result<std::shared_ptr<TcpProber>> create(const TcpProberConfig& config);

 private:
  // A probe under way.
  struct Connection {
    std::optional<TcpSocket> socket;  // nothing: the slot is free
    TcpExchange exchange;
    uint32_t generation = 0;
    bool connected = false;
    uint32_t interest = 0;   // of epoll
    int64_t started_ns = 0;  // T1
    int64_t timeout_ns = 0;
    Record record{};  // as far as it is known
  };

  TcpProber(Wakeup wakeup, UniqueFd epoll, const TcpProberConfig& config, uint32_t max_connections);

  void receive() override;
  void expire(int64_t now_ns) override;
  void send(const std::vector<uint32_t>& due) override;
  bool wait(int64_t deadline_ns) override;
  int64_t oldest_sent_ns(int64_t now_ns) override;
  void add_stats(Stats& stats) const override;

  void probe(ProbeTarget& target);
  int open(const ProbeTarget& target, Record& record);
  static TcpExchange exchange_with(const ProbeTarget& target, uint32_t sequence);
  uint32_t take_slot();
  void release(uint32_t slot);
  bool watch(uint32_t slot, int operation, uint32_t interest);

  void look(int timeout_ms);
  void take_events();
  void take_event(const epoll_event& event);
  void take_handshake(uint32_t slot, int error);
  void continue_exchange(uint32_t slot);
  void finish_exchange(uint32_t slot, Exchange outcome);
  void finish(uint32_t slot);

  UniqueFd epoll_;
  SourcePorts ports_;
  const uint32_t max_connections_;
  std::vector<Connection> connections_;
  std::vector<uint32_t> free_;
  SentOrder order_;
  std::vector<epoll_event> events_;
  size_t event_count_ = 0;  // taken from the kernel, not yet looked at
  int64_t seen_ns_ = 0;     // when they were: T6
  bool looked_ = false;     // since they were last dealt with
  bool woken_ = false;
  std::vector<uint32_t> expired_;
};

}  // namespace weft
