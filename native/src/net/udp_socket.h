// A UDP socket set up for measuring: stamps, TTL, traffic class and drop counts of what is received; never fragments.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/socket_address.h"
#include "net/timestamping.h"

namespace weft {

class UdpSocket {
 public:
  // Binds to `local` (port 0 = any free one). `stamps` false: the program's clock only.
  static Result<UdpSocket> open(const SocketAddress& local, bool stamps);

  int fd() const { return fd_.get(); }
  int family() const { return family_; }
  uint16_t port() const { return port_; }
  // Whether the kernel stamps at all; whether a device does shows in the packets.
  bool stamped() const { return stamped_; }
  TxStampIds& stamp_ids() { return ids_; }

 private:
  UdpSocket(UniqueFd fd, int family, uint16_t port, bool stamped)
      : fd_(std::move(fd)), family_(family), port_(port), stamped_(stamped), ids_(TxStampIds::on_this_kernel()) {}

  UniqueFd fd_;
  int family_;
  uint16_t port_;
  bool stamped_;
  TxStampIds ids_;
};

}  // namespace weft
