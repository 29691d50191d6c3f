// Where a reflector listens and whom it serves.
#pragma once

#include "net/prefix_set.h"
#include "base/socket_address.h"

namespace weft {

struct ListenConfig {
  SocketAddress address;
  PrefixSet allowed;
  double rate_limit = 0;  // a second and source address; 0 = none
};

}  // namespace weft
