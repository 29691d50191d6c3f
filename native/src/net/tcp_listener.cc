#include "net/tcp_listener.h"

#include <linux/sock_diag.h>
#include <netinet/tcp.h>

#include <utility>

namespace weft {

namespace {

constexpr int kBacklog = 4096;  // at most net.core.somaxconn
// What one connection may hold in the kernel, each way (doubled there for its own overhead). A probe's payload goes
// through in one piece; a peer that sends and never reads costs no more than this.
constexpr int kBufferBytes = 32 << 10;

template <typename T>
Status set_option(int fd, int level, int name, const T& value, const char* call) {
  if (setsockopt(fd, level, name, &value, sizeof value) != 0) return Error::last(call);
  return Done{};
}

// Accepted sockets inherit all of them from the listener: no call per connection.
Status prepare(int fd, int family) {
  const Status settings[] = {
      set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "setsockopt(SO_REUSEADDR)"),
      set_option(fd, SOL_SOCKET, SO_LINGER, linger{1, 0}, "setsockopt(SO_LINGER)"),
      set_option(fd, SOL_SOCKET, SO_RCVBUF, kBufferBytes, "setsockopt(SO_RCVBUF)"),
      set_option(fd, SOL_SOCKET, SO_SNDBUF, kBufferBytes, "setsockopt(SO_SNDBUF)"),
      set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1, "setsockopt(TCP_NODELAY)"),
  };
  for (const Status& setting : settings) {
    if (!setting.ok()) return setting;
  }
  if (family != AF_INET6) return Done{};
  return set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "setsockopt(IPV6_V6ONLY)");
}

// accept(2): what befell the connection while it waited comes as an error of the call.
TcpListener::Outcome outcome_of(int error) {
  switch (error) {
    case EAGAIN:
      return TcpListener::Outcome::kNone;
    case ECONNABORTED:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EINTR:
    case ENETDOWN:
    case ENETUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EPERM:
    case EPROTO:
      return TcpListener::Outcome::kFailed;
    default:  // EMFILE, ENFILE, ENOBUFS, ENOMEM; whatever else there is does not pass by asking again, either
      return TcpListener::Outcome::kExhausted;
  }
}

}  // namespace

Result<TcpListener> TcpListener::open(const SocketAddress& local) {
  UniqueFd fd(socket(local.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return Error::last("socket");
  const Status prepared = prepare(fd.get(), local.family());
  if (!prepared.ok()) return prepared.error();
  if (bind(fd.get(), local.raw(), local.size()) != 0) return Error::last("bind");
  if (listen(fd.get(), kBacklog) != 0) return Error::last("listen");
  sockaddr_in6 bound{};
  socklen_t bound_size = sizeof bound;
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &bound_size) != 0) return Error::last("getsockname");
  return TcpListener(std::move(fd), SocketAddress::from(bound).port());
}

TcpListener::Accepted TcpListener::accept() const {
  sockaddr_in6 peer{};
  socklen_t peer_size = sizeof peer;
  UniqueFd fd(accept4(fd_.get(), reinterpret_cast<sockaddr*>(&peer), &peer_size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd.valid()) return {outcome_of(errno), {}, {}};
  return {Outcome::kAccepted, std::move(fd), SocketAddress::from(peer)};
}

uint32_t TcpListener::dropped() const {
  uint32_t figures[SK_MEMINFO_VARS]{};
  socklen_t size = sizeof figures;
  // Since Linux 4.12; without it there is nothing to tell.
  if (getsockopt(fd_.get(), SOL_SOCKET, SO_MEMINFO, figures, &size) != 0) return 0;
  return figures[SK_MEMINFO_DROPS];
}

}  // namespace weft
