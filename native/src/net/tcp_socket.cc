#include "net/tcp_socket.h"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/clock.h"

namespace weft {

namespace {

constexpr uint8_t kSystemTtl = 64;  // what sockets have unless told otherwise
constexpr int kDscpShift = 2;

bool set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

Status mark_packets(int fd, int family, uint8_t dscp, uint8_t ttl) {
  const bool ipv4 = family == AF_INET;
  const int traffic_class = dscp << kDscpShift;
  if (dscp != 0 && !(ipv4 ? set_option(fd, IPPROTO_IP, IP_TOS, traffic_class)
                          : set_option(fd, IPPROTO_IPV6, IPV6_TCLASS, traffic_class))) {
    return Error::last(ipv4 ? "setsockopt(IP_TOS)" : "setsockopt(IPV6_TCLASS)");
  }
  if (ttl != kSystemTtl && !(ipv4 ? set_option(fd, IPPROTO_IP, IP_TTL, ttl)
                                  : set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl))) {
    return Error::last(ipv4 ? "setsockopt(IP_TTL)" : "setsockopt(IPV6_UNICAST_HOPS)");
  }
  return Done{};
}

Status bind_to(int fd, const SocketAddress& source) {
  if (source.port() == 0) {
    if (source.is_any()) return Done{};
    // Without it the port would have to be free for every peer, and there are fewer of those than probes under way.
    if (!set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)) {
      return Error::last("setsockopt(IP_BIND_ADDRESS_NO_PORT)");
    }
  } else if (!set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)) {
    return Error::last("setsockopt(SO_REUSEADDR)");
  }
  if (bind(fd, source.raw(), source.size()) != 0) return Error::last("bind");
  return Done{};
}

}  // namespace

Result<TcpSocket> TcpSocket::open(const SocketAddress& source, uint8_t dscp, uint8_t ttl) {
  UniqueFd fd(socket(source.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return Error::last("socket");
  // Closing sends a reset: neither end keeps the connection in TIME_WAIT.
  constexpr linger kReset{1, 0};
  if (setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &kReset, sizeof kReset) != 0) {
    return Error::last("setsockopt(SO_LINGER)");
  }
  const Status marked = mark_packets(fd.get(), source.family(), dscp, ttl);
  if (!marked.ok()) return marked.error();
  const Status bound = bind_to(fd.get(), source);
  if (!bound.ok()) return bound.error();
  return TcpSocket(std::move(fd));
}

int TcpSocket::connect(const SocketAddress& peer) {
  if (::connect(fd_.get(), peer.raw(), peer.size()) == 0 || errno == EINPROGRESS) return 0;
  return errno;
}

uint16_t TcpSocket::source_port() const {
  sockaddr_in6 local{};
  socklen_t size = sizeof local;
  if (getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&local), &size) != 0) return 0;
  return SocketAddress::from(local).port();
}

int TcpSocket::take_error() const {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

TcpInfo TcpSocket::info() const {
  tcp_info kernel{};
  socklen_t size = sizeof kernel;
  if (getsockopt(fd_.get(), IPPROTO_TCP, TCP_INFO, &kernel, &size) != 0) return {};
  return {kernel.tcpi_rtt * kNsPerUs, kernel.tcpi_total_retrans};
}

}  // namespace weft
