// The other end of a TCP reflector: a client on loopback whose buffers the test chooses.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <vector>

#include "base/unique_fd.h"
#include "check.h"
#include "base/socket_address.h"

namespace weft::test {

inline SocketAddress loopback(uint16_t port) { return *SocketAddress::parse("127.0.0.1", port); }

class TcpPeer {
 public:
  // `receive_bytes`: size of the receive buffer, as small as the kernel allows; 0 = the system's.
  explicit TcpPeer(uint16_t port, int receive_bytes = 0) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    CHECK(fd_.valid());
    if (receive_bytes > 0) {
      CHECK(setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes) == 0);
    }
    const SocketAddress to = loopback(port);
    CHECK(connect(fd_.get(), to.raw(), to.size()) == 0);
  }

  int fd() const { return fd_.get(); }

  // As much as there is room for; returns how much.
  size_t send_some(const uint8_t* bytes, size_t count) {
    const ssize_t sent = send(fd_.get(), bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) CHECK_EQ(errno, EAGAIN);
    return sent < 0 ? 0 : static_cast<size_t>(sent);
  }

  // Appends what is there.
  void receive_some(std::vector<uint8_t>& bytes) {
    uint8_t piece[4096];
    const ssize_t got = recv(fd_.get(), piece, sizeof piece, MSG_DONTWAIT);
    if (got < 0) CHECK_EQ(errno, EAGAIN);
    if (got > 0) bytes.insert(bytes.end(), piece, piece + got);
  }

  bool readable() const {
    pollfd polled{fd_.get(), POLLIN, 0};
    return poll(&polled, 1, 0) > 0;
  }

  // The other end has reset it.
  bool reset() const {
    uint8_t byte;
    return recv(fd_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == ECONNRESET;
  }

 private:
  UniqueFd fd_;
};

}  // namespace weft::test
