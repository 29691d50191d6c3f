// Faults that a reflector shows on purpose, so that a demonstration or a test has something to find. They are made where
// they happen in a network: packets are lost before the reflector's socket, or held up before or behind the point where
// T3 is taken. Nothing that is measured is touched. Off by default, and inputs allow them on loopback only.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace weft {

struct FaultConfig {
  double loss = 0;                 // of probes, 0 to 1; never reach the socket
  int64_t network_delay_ns = 0;    // before T3: reads as network
  int64_t responder_delay_ns = 0;  // behind T3: reads as this host's
};

// Has the kernel drop that share of the datagrams that come to `fd`, at random (socket(7), SO_ATTACH_FILTER).
Status lose_datagrams(int fd, double share);

// The same of SYNs that come to a listening TCP socket. Packets of connections pass.
Status lose_syns(int fd, double share);

}  // namespace weft
