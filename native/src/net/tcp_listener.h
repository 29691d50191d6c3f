// A listening TCP socket whose connections are reset when they are closed, and send without delay.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/socket_address.h"

namespace weft {

// Thread safety: `dropped` is called by any thread, everything else by one at a time.
class TcpListener {
 public:
  enum class Outcome : uint8_t {
    kAccepted,
    kNone,       // nobody waits
    kFailed,     // this connection is lost, the next may be well
    kExhausted,  // no descriptor or no memory is left: who asks again at once asks in vain
  };

  struct Accepted {
    Outcome outcome;
    UniqueFd fd;  // non-blocking
    SocketAddress peer;
  };

  static Result<TcpListener> open(const SocketAddress& local);

  int fd() const { return fd_.get(); }
  uint16_t port() const { return port_; }
  Accepted accept() const;

  // Segments that this socket dropped since it was opened, modulo 2^32: SYNs and handshakes beyond a full accept queue,
  // each time they came; also the few that belong to no connection (a reset or FIN without ACK).
  uint32_t dropped() const;

 private:
  TcpListener(UniqueFd fd, uint16_t port) : fd_(std::move(fd)), port_(port) {}

  UniqueFd fd_;
  uint16_t port_;
};

}  // namespace weft
