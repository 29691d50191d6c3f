// The source ports of paths: path i is one port towards all targets, reserved as long as the prober lives, so that a
// path means the same 5-tuples all the time. Opened when a path is first used. Not thread-safe.
#pragma once

#include <vector>

#include "base/unique_fd.h"
#include "base/socket_address.h"

namespace weft {

class SourcePorts {
 public:
  SourcePorts(const SocketAddress& source_ipv4, const SocketAddress& source_ipv6)
      : source_ipv4_(source_ipv4), source_ipv6_(source_ipv6) {}

  // Where the probes of a path come from; nothing when no port can be had: see `last_error`.
  const SocketAddress* of(int family, uint16_t path);
  // Where probes without a path of their own come from: port 0.
  const SocketAddress& any(int family) const { return family == AF_INET ? source_ipv4_ : source_ipv6_; }
  int last_error() const { return last_error_; }

 private:
  struct Reserved {
    UniqueFd fd;  // bound, never connected: keeps others from the port
    SocketAddress source;
  };

  bool reserve(const SocketAddress& source, Reserved& reserved);

  SocketAddress source_ipv4_;
  SocketAddress source_ipv6_;
  std::vector<Reserved> ipv4_, ipv6_;  // by path
  int last_error_ = 0;
};

}  // namespace weft
