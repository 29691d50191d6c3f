#include "net/path_sockets.h"

namespace weft {

namespace {
constexpr size_t kStampIdPlaces = 8192;
constexpr uint32_t kGiveUpOnStamps = 16;
}  // namespace

PathSocket::PathSocket(UdpSocket opened) : socket(std::move(opened)), by_stamp_id_(kStampIdPlaces, kNone) {}

bool PathSocket::expects_stamps() const { return socket.stamped() && unstamped_in_row < kGiveUpOnStamps; }

uint32_t PathSockets::index_of(int family, uint16_t path) {
  const bool ipv4 = family == AF_INET;
  std::vector<uint32_t>& indices = ipv4 ? ipv4_ : ipv6_;
  if (path < indices.size() && indices[path] != PathSocket::kNone) return indices[path];
  auto opened = UdpSocket::open(ipv4 ? source_ipv4_ : source_ipv6_, stamps_);
  if (!opened.ok()) {
    last_error_ = opened.error().code;
    return PathSocket::kNone;
  }
  if (path >= indices.size()) indices.resize(path + 1, PathSocket::kNone);
  indices[path] = static_cast<uint32_t>(sockets_.size());
  sockets_.emplace_back(std::move(opened.value()));
  return indices[path];
}

}  // namespace weft
