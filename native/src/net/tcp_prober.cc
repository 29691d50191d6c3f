#include "net/tcp_prober.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/clock.h"
#include "net/tcp_outcome.h"

namespace weft {

namespace {

constexpr size_t kEvents = 256;
// So many connects, then a look at what has come: the time of the first connects must not hold that of the last.
constexpr size_t kConnectsPerLook = 16;
// The rest of the process needs descriptors too.
constexpr double kShareOfDescriptors = 0.75;
constexpr uint64_t kWakeupEvent = UINT64_MAX;

uint64_t event_key(uint32_t slot, uint32_t generation) { return uint64_t{generation} << 32 | slot; }

// A path's 5-tuple is used again when its turn comes: by then the probe before has ended, answered or not. Otherwise a
// path that loses everything would be probed less often than the others, and its loss be understated.
// The turn is by the schedule, which a probe that was sent late does not move.
int64_t timeout_of(const ProbeTarget& target, int64_t started_ns) {
  if (target.paths == 1) return target.timeout_ns;
  const int64_t turn_ns = target.next_due_ns + (target.paths - 1) * target.interval_ns;
  return std::min(target.timeout_ns, turn_ns - target.interval_ns / 2 - started_ns);
}

uint32_t bounded_by_descriptors(uint32_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  return static_cast<uint32_t>(std::min<double>(wanted, static_cast<double>(limit.rlim_cur) * kShareOfDescriptors));
}

}  // namespace

Result<std::shared_ptr<TcpProber>> TcpProber::create(const TcpProberConfig& config) {
  auto wakeup = Wakeup::create();
  if (!wakeup.ok()) return wakeup.error();
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return Error::last("epoll_create1");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeupEvent;
  if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wakeup.value().fd(), &event) != 0) return Error::last("epoll_ctl");
  return std::shared_ptr<TcpProber>(new TcpProber(std::move(wakeup.value()), std::move(epoll), config,
                                                  bounded_by_descriptors(config.max_connections)));
}

TcpProber::TcpProber(Wakeup wakeup, UniqueFd epoll, const TcpProberConfig& config, uint32_t max_connections)
    : Prober(std::move(wakeup)),
      epoll_(std::move(epoll)),
      ports_(config.source_ipv4, config.source_ipv6),
      max_connections_(max_connections),
      events_(kEvents) {}

int64_t TcpProber::oldest_sent_ns(int64_t now_ns) {
  return order_.oldest_ns(now_ns, [this](uint32_t slot, uint32_t generation) {
    return connections_[slot].socket && connections_[slot].generation == generation;
  });
}

void TcpProber::look(int timeout_ms) {
  const int count = epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout_ms);
  seen_ns_ = monotonic_ns();
  event_count_ = static_cast<size_t>(std::max(count, 0));
  for (size_t i = 0; i < event_count_; ++i) {
    if (events_[i].data.u64 != kWakeupEvent) continue;
    wakeup().drain();
    woken_ = true;
    events_[i] = events_[--event_count_];
    return;
  }
}

bool TcpProber::wait(int64_t deadline_ns) {
  // Rounded up: a look that comes too early would find nothing due.
  const int64_t left_ns = woken_ ? 0 : next_deadline_ns(deadline_ns) - monotonic_ns();
  look(static_cast<int>(std::max<int64_t>((left_ns + kNsPerMs - 1) / kNsPerMs, 0)));
  looked_ = true;
  return std::exchange(woken_, false);
}

void TcpProber::receive() {
  if (!std::exchange(looked_, false)) look(0);
  take_events();
}

void TcpProber::take_events() {
  for (;;) {
    const size_t count = std::exchange(event_count_, 0);
    for (size_t i = 0; i < count; ++i) take_event(events_[i]);
    if (count < events_.size() || slice_full()) return;
    look(0);
  }
}

void TcpProber::take_event(const epoll_event& event) {
  const auto slot = static_cast<uint32_t>(event.data.u64);
  Connection& connection = connections_[slot];
  if (!connection.socket || event_key(slot, connection.generation) != event.data.u64) return;
  if (connection.connected) return continue_exchange(slot);
  const bool ended = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
  take_handshake(slot, ended ? connection.socket->take_error() : 0);
}

void TcpProber::take_handshake(uint32_t slot, int error) {
  Connection& connection = connections_[slot];
  const Handshake handshake = handshake_of(error);
  const HandshakeReading reading{connection.socket->info(), seen_ns_ - connection.started_ns, connection.timeout_ns};
  switch (handshake) {
    case Handshake::kUnanswered:
      take_unanswered(connection.record, reading.info, error);
      return finish(slot);
    case Handshake::kRefused:
      take_refused(connection.record, reading);
      return finish(slot);
    case Handshake::kDone:
      take_connected(connection.record, reading);
      connection.connected = true;
      return connection.exchange.needed() ? continue_exchange(slot) : finish(slot);
  }
}

void TcpProber::continue_exchange(uint32_t slot) {
  Connection& connection = connections_[slot];
  const Exchange outcome = connection.exchange.advance(connection.socket->fd());
  if (outcome != Exchange::kNone) return finish_exchange(slot, outcome);
  const uint32_t interest = connection.exchange.wants_write() ? EPOLLIN | EPOLLOUT : EPOLLIN;
  if (interest == connection.interest) return;
  // Descriptor and set are there: it cannot fail, and if it did, the timeout would end the exchange.
  watch(slot, EPOLL_CTL_MOD, interest);
}

bool TcpProber::watch(uint32_t slot, int operation, uint32_t interest) {
  Connection& connection = connections_[slot];
  connection.interest = interest;
  epoll_event event{};
  event.events = interest;
  event.data.u64 = event_key(slot, connection.generation);
  return epoll_ctl(epoll_.get(), operation, connection.socket->fd(), &event) == 0;
}

void TcpProber::finish_exchange(uint32_t slot, Exchange outcome) {
  Connection& connection = connections_[slot];
  take_exchange(connection.record, connection.exchange, outcome, connection.socket->info());
  finish(slot);
}

void TcpProber::finish(uint32_t slot) {
  emit(connections_[slot].record);
  expiry_.cancel(slot);
  release(slot);
  --outstanding_;
}

void TcpProber::expire(int64_t now_ns) {
  expired_.clear();
  expiry_.expire(now_ns, expired_);
  for (const uint32_t slot : expired_) {
    Connection& connection = connections_[slot];
    if (connection.connected) {
      finish_exchange(slot, Exchange::kTimeout);
    } else {
      take_unanswered(connection.record, connection.socket->info(), connection.socket->take_error());
      finish(slot);
    }
  }
}

void TcpProber::send(const std::vector<uint32_t>& due) {
  size_t connects = 0;
  for (const uint32_t target : due) {
    probe(schedule_[target]);
    if (++connects % kConnectsPerLook != 0) continue;
    look(0);
    take_events();
  }
}

void TcpProber::probe(ProbeTarget& target) {
  Record record =
      record_of(target.id, target.path(), target.sequence(), realtime_ns(), ProbeResult::kSendError);
  record.clock = StampClock::kKernel;
  const int error = open(target, record);
  ++target.probes;
  if (error == 0) return;
  record.error = static_cast<uint16_t>(error);
  emit(record);
}

// errno, or 0 when the probe is under way or has ended already.
int TcpProber::open(const ProbeTarget& target, Record& record) {
  if (!target.valid_address) return EINVAL;
  if (outstanding_ >= max_connections_) {
    shed_.add();
    return EMFILE;
  }
  const int family = target.address.family();
  const SocketAddress* source = target.paths > 1 ? ports_.of(family, target.path()) : &ports_.any(family);
  if (source == nullptr) return ports_.last_error();
  auto socket = TcpSocket::open(*source, target.dscp, target.ttl);
  if (!socket.ok()) return socket.error().code;
  const int64_t started_ns = monotonic_ns();
  if (const int error = socket.value().connect(target.address); error != 0) return error;
  record.tcp.source_port = source->port() != 0 ? source->port() : socket.value().source_port();
  const uint32_t slot = take_slot();
  Connection& connection = connections_[slot];
  connection.socket = std::move(socket.value());
  connection.exchange = exchange_with(target, record.sequence);
  connection.connected = false;
  connection.started_ns = started_ns;
  connection.timeout_ns = timeout_of(target, started_ns);
  connection.record = record;
  if (!watch(slot, EPOLL_CTL_ADD, EPOLLOUT)) {
    const int error = errno;
    release(slot);
    return error;
  }
  sent_.add();
  ++outstanding_;
  order_.add(slot, connection.generation, static_cast<int64_t>(record.sent_us) * kNsPerUs);
  expiry_.schedule(slot, started_ns + connection.timeout_ns);
  // An ICMP message that came while connect() ran, from this host's own firewall for one, raises no event.
  if (const int error = connection.socket->take_error(); error != 0) {
    seen_ns_ = monotonic_ns();
    take_handshake(slot, error);
  }
  return 0;
}

uint32_t TcpProber::take_slot() {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(connections_.size()));
    connections_.emplace_back();
    expiry_.grow(static_cast<uint32_t>(connections_.size()));
  }
  const uint32_t slot = free_.back();
  free_.pop_back();
  ++connections_[slot].generation;
  return slot;
}

void TcpProber::release(uint32_t slot) {
  connections_[slot].socket.reset();
  connections_[slot].exchange = TcpExchange();
  free_.push_back(slot);
}

TcpExchange TcpProber::exchange_with(const ProbeTarget& target, uint32_t sequence) {
  if (target.request) return TcpExchange::http(target.request, target.expected_status);
  if (target.payload_bytes > 0) return TcpExchange::echo(target.payload_bytes, sequence);
  return TcpExchange();
}

void TcpProber::add_stats(Stats& stats) const {
  stats.emplace_back("max_connections", static_cast<double>(max_connections_));
}

}  // namespace weft
