// The exact T4 of each session's last answer, for Follow-Up Telemetry (RFC 8972 4.7). Of fixed size: a session that
// hashes to an occupied place takes it over. Not thread-safe.
#pragma once

#include <vector>

#include "base/socket_address.h"
#include "net/stamp_reflection.h"

namespace weft {

class TelemetryTable {
 public:
  stamp::PreviousReflection find(const SocketAddress& peer, uint16_t ssid) const {
    if (sessions_.empty()) return {};
    const Session& session = sessions_[place(peer, ssid)];
    return session.ssid == ssid && session.peer == peer ? session.last : stamp::PreviousReflection{};
  }

  // Memory is taken with the first session that asks for it: weft's own probers never do.
  void remember(const SocketAddress& peer, uint16_t ssid, const stamp::PreviousReflection& last) {
    if (sessions_.empty()) sessions_.resize(kSessions);
    sessions_[place(peer, ssid)] = {peer, ssid, last};
  }

 private:
  static constexpr size_t kSessions = 8192;

  struct Session {
    SocketAddress peer;
    uint16_t ssid = 0;
    stamp::PreviousReflection last;
  };

  static size_t place(const SocketAddress& peer, uint16_t ssid) { return mix(peer.hash() ^ ssid) % kSessions; }

  std::vector<Session> sessions_;
};

}  // namespace weft
