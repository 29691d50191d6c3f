// The prober's sockets: one source port is one path through the fabric. Opened when a path is first used, kept for all
// targets. Not thread-safe.
#pragma once

#include <vector>

#include "net/udp_socket.h"

namespace weft {

struct PathSocket {
  static constexpr uint32_t kNone = UINT32_MAX;

  explicit PathSocket(UdpSocket opened);

  UdpSocket socket;
  uint32_t unstamped_in_row = 0;
  uint32_t drop_count = 0;  // as the kernel last told it

  // Which pending probe a stamp identifier belongs to. Of fixed size: a stamp that comes after thousands of later
  // packets is not matched.
  void remember_stamp(uint32_t id, uint32_t slot) { by_stamp_id_[id % by_stamp_id_.size()] = slot; }
  uint32_t slot_of_stamp(uint32_t id) const { return by_stamp_id_[id % by_stamp_id_.size()]; }

  // Some devices never stamp what they send; then nobody waits for it, but a stamp that comes is taken.
  bool expects_stamps() const;

 private:
  std::vector<uint32_t> by_stamp_id_;
};

class PathSockets {
 public:
  PathSockets(const SocketAddress& source_ipv4, const SocketAddress& source_ipv6, bool stamps)
      : source_ipv4_(source_ipv4), source_ipv6_(source_ipv6), stamps_(stamps) {}

  // Index of the socket of a path. PathSocket::kNone when it cannot be opened: see `last_error`.
  uint32_t index_of(int family, uint16_t path);
  int last_error() const { return last_error_; }

  PathSocket& operator[](uint32_t index) { return sockets_[index]; }
  size_t size() const { return sockets_.size(); }
  std::vector<PathSocket>::iterator begin() { return sockets_.begin(); }
  std::vector<PathSocket>::iterator end() { return sockets_.end(); }
  std::vector<PathSocket>::const_iterator begin() const { return sockets_.begin(); }
  std::vector<PathSocket>::const_iterator end() const { return sockets_.end(); }

 private:
  SocketAddress source_ipv4_;
  SocketAddress source_ipv6_;
  bool stamps_;
  std::vector<PathSocket> sockets_;
  std::vector<uint32_t> ipv4_, ipv6_;  // index by path
  int last_error_ = 0;
};

}  // namespace weft
