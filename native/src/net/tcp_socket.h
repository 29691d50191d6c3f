// The socket of one TCP probe: connects without blocking, tells what the kernel measured, closes by reset. Not
// thread-safe.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/socket_address.h"

namespace weft {

// What the kernel knows of a connection (TCP_INFO).
struct TcpInfo {
  int64_t rtt_ns = 0;        // of the handshake, until data is acknowledged; of no use once a SYN was sent again
  uint32_t retransmits = 0;  // segments sent again so far, SYNs included
};

class TcpSocket {
 public:
  // Port 0 of `source`: the kernel chooses one that is free for the peer. Others may be shared by probes of different
  // peers: see source_ports.h.
  static Result<TcpSocket> open(const SocketAddress& source, uint8_t dscp, uint8_t ttl);

  int fd() const { return fd_.get(); }

  // 0 when it goes on or is done, else errno.
  int connect(const SocketAddress& peer);
  // 0 when the kernel does not tell.
  uint16_t source_port() const;
  // What ended the connection, errno; 0 when nothing did. Also what an ICMP message said while it went on.
  int take_error() const;
  TcpInfo info() const;

 private:
  explicit TcpSocket(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace weft
