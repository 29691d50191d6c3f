#include "net/echo_connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace weft {

namespace {

// A peer that answers each echo with another byte, or one that sends much, does not keep the others waiting. The second
// read is there to find that there is nothing more.
constexpr int kReadsPerCall = 2;

EchoConnection::State state_after(int error) {
  return error == EAGAIN ? EchoConnection::State::kOpen : EchoConnection::State::kEnded;
}

}  // namespace

EchoConnection::Progress EchoConnection::echo(Scratch& scratch) {
  const size_t before = echoed_;
  const State state = finishing_ ? finish() : advance(scratch);
  return {state, echoed_ - before};
}

// Bytes are looked at, sent, and only then taken, as many as were sent: what has no room yet stays in the receive
// buffer, where TCP's window holds the peer back. Nothing is kept here.
EchoConnection::State EchoConnection::advance(Scratch& scratch) {
  for (int i = 0; i < kReadsPerCall; ++i) {
    const size_t allowed = std::min(scratch.size(), kMaxBytes - echoed_);
    const ssize_t seen = recv(fd_.get(), scratch.data(), std::max<size_t>(allowed, 1), MSG_PEEK);
    if (seen < 0) return state_after(errno);
    if (seen == 0) return finish();
    if (allowed == 0) return State::kOverlong;
    const ssize_t sent = send(fd_.get(), scratch.data(), static_cast<size_t>(seen), MSG_NOSIGNAL);
    if (sent < 0) return state_after(errno);
    // MSG_TRUNC: dropped, not copied again (tcp(7)).
    if (recv(fd_.get(), scratch.data(), static_cast<size_t>(sent), MSG_TRUNC) != sent) return State::kEnded;
    echoed_ += static_cast<size_t>(sent);
  }
  return State::kMore;
}

// A reset would throw away the echo that is still under way, so our FIN goes behind it, and the connection ends when
// the peer has acknowledged both. The peer closed first: TIME_WAIT, if any, is its own.
EchoConnection::State EchoConnection::finish() {
  if (echoed_ == 0) return State::kEnded;
  if (!finishing_ && shutdown(fd_.get(), SHUT_WR) != 0) return State::kEnded;
  finishing_ = true;
  int unacknowledged = 0;
  if (ioctl(fd_.get(), SIOCOUTQ, &unacknowledged) != 0) return State::kEnded;
  return unacknowledged > 0 ? State::kOpen : State::kEnded;
}

}  // namespace weft
