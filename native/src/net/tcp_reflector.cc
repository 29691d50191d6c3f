#include "net/tcp_reflector.h"

#include <algorithm>
#include <utility>

#include "net/fault.h"

namespace weft {

namespace {

// After a descriptor or memory was wanting: the listener stays readable, so looking again at once would never rest.
constexpr int64_t kAcceptPauseNs = 100 * kNsPerMs;
// A flood of connects does not keep open connections waiting for their echo.
constexpr int kAcceptsPerRound = 64;

// What an event is about; any other number is a connection's place.
constexpr uint32_t kWakeupEvent = UINT32_MAX;
constexpr uint32_t kListenerEvent = UINT32_MAX - 1;

int control(int epoll, int operation, int fd, uint32_t events, uint32_t about) {
  epoll_event event{};
  event.events = events;
  event.data.u32 = about;
  return epoll_ctl(epoll, operation, fd, &event);
}

}  // namespace

Result<std::shared_ptr<TcpReflector>> TcpReflector::create(TcpReflectorConfig config) {
  auto wakeup = Wakeup::create();
  if (!wakeup.ok()) return wakeup.error();
  auto listener = TcpListener::open(config.listen.address);
  if (!listener.ok()) return listener.error();
  if (config.syn_loss > 0) {
    const Status faulty = lose_syns(listener.value().fd(), config.syn_loss);
    if (!faulty.ok()) return faulty.error();
  }
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return Error::last("epoll_create1");
  if (control(epoll.get(), EPOLL_CTL_ADD, wakeup.value().fd(), EPOLLIN, kWakeupEvent) != 0 ||
      control(epoll.get(), EPOLL_CTL_ADD, listener.value().fd(), EPOLLIN, kListenerEvent) != 0) {
    return Error::last("epoll_ctl");
  }
  return std::shared_ptr<TcpReflector>(new TcpReflector(std::move(wakeup.value()), std::move(epoll),
                                                        std::move(listener.value()), std::move(config)));
}

TcpReflector::TcpReflector(Wakeup wakeup, UniqueFd epoll, TcpListener listener, TcpReflectorConfig config)
    : Engine(std::move(wakeup)),
      epoll_(std::move(epoll)),
      listener_(std::move(listener)),
      allowed_(std::move(config.listen.allowed)),
      limiter_(config.listen.rate_limit),
      idle_ns_(config.idle_ns),
      connections_(config.max_connections) {}

void TcpReflector::pump(int max_ms, Slice& slice) {
  const int64_t deadline_ns = monotonic_ns() + max_ms * kNsPerMs;
  while (!closed() && monotonic_ns() < deadline_ns && !serve(deadline_ns)) {
  }
  slice.closed = closed();
  slice.settled_us = static_cast<double>(realtime_ns() / kNsPerUs);
}

// One round: waits for something to do, at most until then, and does it. True when the slice was woken.
bool TcpReflector::serve(int64_t until_ns) {
  const int64_t wait_ns = std::max<int64_t>(std::min(until_ns, next_due_ns()) - monotonic_ns(), 0);
  const auto timeout_ms = static_cast<int>((wait_ns + kNsPerMs - 1) / kNsPerMs);
  const int count = epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout_ms);
  const int64_t now_ns = monotonic_ns();
  bool woken = false;
  bool pending = false;
  for (int i = 0; i < count; ++i) {
    const uint32_t about = events_[i].data.u32;
    if (about == kWakeupEvent) {
      wakeup().drain();
      woken = true;
    } else if (about == kListenerEvent) {
      pending = true;
    } else {
      echo(about, now_ns);
    }
  }
  // Last, so that no place is given to a new connection while an event of the one before may still be in the list.
  if (pending) accept_pending(now_ns);
  end_idle(now_ns);
  if (resume_ns_ != 0 && now_ns >= resume_ns_) {
    resume_ns_ = 0;
    watch_listener(EPOLLIN);
  }
  return woken;
}

int64_t TcpReflector::next_due_ns() const {
  const int64_t resume_ns = resume_ns_ != 0 ? resume_ns_ : INT64_MAX;
  const uint32_t idlest = connections_.idlest();
  return idlest == EchoTable::kNone ? resume_ns : std::min(resume_ns, connections_.active_ns(idlest) + idle_ns_);
}

void TcpReflector::echo(uint32_t place, int64_t now_ns) {
  const EchoConnection::Progress progress = connections_.at(place).echo(scratch_);
  if (!account(progress)) return end(place);
  if (progress.bytes > 0) connections_.touch(place, now_ns);
  // Tells epoll to look again: it reports what is there already as if it had just come.
  if (progress.state == EchoConnection::State::kMore) watch(EPOLL_CTL_MOD, place);
}

void TcpReflector::accept_pending(int64_t now_ns) {
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    TcpListener::Accepted accepted = listener_.accept();
    switch (accepted.outcome) {
      case TcpListener::Outcome::kAccepted:
        take(std::move(accepted), now_ns);
        break;
      case TcpListener::Outcome::kNone:
        return;
      case TcpListener::Outcome::kFailed:
        break;
      case TcpListener::Outcome::kExhausted:
        return pause_accepting(now_ns);
    }
  }
}

// Whoever is not kept is reset on return. Most are gone already: a plain probe ends with its handshake, and one look
// tells, without a word to epoll.
void TcpReflector::take(TcpListener::Accepted accepted, int64_t now_ns) {
  if (!admit(accepted.peer.address(), now_ns)) return;
  accepted_.add();
  EchoConnection connection(std::move(accepted.fd));
  if (account(connection.echo(scratch_))) keep(std::move(connection), now_ns);
}

bool TcpReflector::admit(const AddressBytes& source, int64_t now_ns) {
  if (!allowed_.allows(source)) {
    refused_not_allowed_.add();
    return false;
  }
  if (!limiter_.allow(source, now_ns)) {
    refused_over_limit_.add();
    return false;
  }
  return true;
}

void TcpReflector::keep(EchoConnection connection, int64_t now_ns) {
  if (connections_.full()) {
    evicted_.add();
    end(connections_.oldest());
  }
  const uint32_t place = connections_.add(std::move(connection), now_ns);
  open_.set(connections_.size());
  if (!watch(EPOLL_CTL_ADD, place)) {
    accept_errors_.add();
    end(place);
  }
}

// Edge-triggered: who waits for room to send is not reported for the bytes that wait behind, so nothing spins.
bool TcpReflector::watch(int operation, uint32_t place) {
  const uint32_t edges = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  return control(epoll_.get(), operation, connections_.at(place).fd(), edges, place) == 0;
}

// Whether the connection goes on.
bool TcpReflector::account(const EchoConnection::Progress& progress) {
  echoed_bytes_.add(progress.bytes);
  if (progress.state == EchoConnection::State::kOverlong) overlong_.add();
  return progress.state == EchoConnection::State::kOpen || progress.state == EchoConnection::State::kMore;
}

void TcpReflector::end(uint32_t place) {
  connections_.remove(place);
  open_.set(connections_.size());
}

void TcpReflector::end_idle(int64_t now_ns) {
  for (;;) {
    const uint32_t place = connections_.idlest();
    if (place == EchoTable::kNone || connections_.active_ns(place) + idle_ns_ > now_ns) return;
    idle_closed_.add();
    end(place);
  }
}

void TcpReflector::pause_accepting(int64_t now_ns) {
  accept_errors_.add();
  resume_ns_ = now_ns + kAcceptPauseNs;
  watch_listener(0);
}

// The listener is registered already, and changing its events takes no memory: this cannot fail.
void TcpReflector::watch_listener(uint32_t events) {
  control(epoll_.get(), EPOLL_CTL_MOD, listener_.fd(), events, kListenerEvent);
}

Stats TcpReflector::stats() const {
  return {
      {"accepted", accepted_.get()},
      {"connections", open_.get()},
      {"echoed_bytes", echoed_bytes_.get()},
      {"idle_closed", idle_closed_.get()},
      {"evicted", evicted_.get()},
      {"overlong", overlong_.get()},
      {"accept_errors", accept_errors_.get()},
      {"listen_drops", static_cast<double>(listener_.dropped())},
      {"refused_over_limit", refused_over_limit_.get()},
      {"refused_not_allowed", refused_not_allowed_.get()},
  };
}

}  // namespace weft
