#include "net/udp_socket.h"

#include <linux/net_tstamp.h>
#include <netinet/ip.h>

namespace weft {

namespace {

constexpr int kBufferBytes = 8 << 20;  // a burst of some 10 000 answers between two looks
constexpr int kTtl = 255;              // RFC 8762 4.2: lets the far end count hops

struct Option {
  int level, name, value;
  const char* call;
};

constexpr Option kIpv4Options[] = {
    {IPPROTO_IP, IP_TTL, kTtl, "setsockopt(IP_TTL)"},
    {IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO, "setsockopt(IP_MTU_DISCOVER)"},
    {IPPROTO_IP, IP_PKTINFO, 1, "setsockopt(IP_PKTINFO)"},
    {IPPROTO_IP, IP_RECVTTL, 1, "setsockopt(IP_RECVTTL)"},
    {IPPROTO_IP, IP_RECVTOS, 1, "setsockopt(IP_RECVTOS)"},
};
constexpr Option kIpv6Options[] = {
    {IPPROTO_IPV6, IPV6_V6ONLY, 1, "setsockopt(IPV6_V6ONLY)"},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, kTtl, "setsockopt(IPV6_UNICAST_HOPS)"},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO, "setsockopt(IPV6_MTU_DISCOVER)"},
    {IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "setsockopt(IPV6_RECVPKTINFO)"},
    {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, "setsockopt(IPV6_RECVHOPLIMIT)"},
    {IPPROTO_IPV6, IPV6_RECVTCLASS, 1, "setsockopt(IPV6_RECVTCLASS)"},
};

int set_option(int fd, int level, int name, int value) { return setsockopt(fd, level, name, &value, sizeof value); }

template <size_t N>
Status set_all(int fd, const Option (&options)[N]) {
  for (const Option& option : options) {
    if (set_option(fd, option.level, option.name, option.value) != 0) return Error::last(option.call);
  }
  return Done{};
}

// Beyond net.core.{r,w}mem_max only with CAP_NET_ADMIN; without it as much as the system grants, and lost packets are
// counted (SO_RXQ_OVFL).
void grow_buffers(int fd) {
  if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, kBufferBytes) != 0) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, kBufferBytes);
  }
  if (set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, kBufferBytes) != 0) {
    set_option(fd, SOL_SOCKET, SO_SNDBUF, kBufferBytes);
  }
  set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
}

}  // namespace

Result<UdpSocket> UdpSocket::open(const SocketAddress& local, bool stamps) {
  UniqueFd fd(socket(local.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return Error::last("socket");
  const Status options = local.family() == AF_INET ? set_all(fd.get(), kIpv4Options) : set_all(fd.get(), kIpv6Options);
  if (!options.ok()) return options.error();
  grow_buffers(fd.get());
  if (bind(fd.get(), local.raw(), local.size()) != 0) return Error::last("bind");
  sockaddr_in6 bound{};
  socklen_t bound_size = sizeof bound;
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &bound_size) != 0) return Error::last("getsockname");
  const bool stamped = stamps && enable_timestamping(fd.get()).ok();
  return UdpSocket(std::move(fd), local.family(), SocketAddress::from(bound).port(), stamped);
}

}  // namespace weft
