#include "net/source_ports.h"

#include <cerrno>

namespace weft {

const SocketAddress* SourcePorts::of(int family, uint16_t path) {
  std::vector<Reserved>& paths = family == AF_INET ? ipv4_ : ipv6_;
  if (path >= paths.size()) paths.resize(path + 1);
  Reserved& reserved = paths[path];
  if (!reserved.fd.valid() && !reserve(any(family), reserved)) return nullptr;
  return &reserved.source;
}

bool SourcePorts::reserve(const SocketAddress& source, Reserved& reserved) {
  UniqueFd fd(socket(source.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int shared = 1;  // with the sockets of the probes
  sockaddr_in6 bound{};
  socklen_t size = sizeof bound;
  const bool done = fd.valid() && setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &shared, sizeof shared) == 0 &&
                    bind(fd.get(), source.raw(), source.size()) == 0 &&
                    getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size) == 0;
  if (!done) {
    last_error_ = errno;
    return false;
  }
  reserved.fd = std::move(fd);
  reserved.source = SocketAddress::from(bound);
  return true;
}

}  // namespace weft
