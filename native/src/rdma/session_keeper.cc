#include "rdma/session_keeper.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/clock.h"

namespace weft {

namespace {

constexpr int64_t kCheckNs = kNsPerS;
constexpr int64_t kFirstRetryNs = 100 * kNsPerMs;
constexpr int64_t kLastRetryNs = kNsPerS;
// No free send slot for so long: the completions of sends are lost.
constexpr int64_t kStuckNs = 5 * kNsPerS;
constexpr size_t kMostEvents = 64;

}  // namespace

SessionKeeper::SessionKeeper(const RdmaConfig& config, std::unique_ptr<UdSession> session, ReflectorCounters& counters)
    : config_(config), reflector_counters_(counters) {
  adopt(std::move(session));
}

void SessionKeeper::adopt(std::unique_ptr<UdSession> session) {
  session_ = std::move(session);
  sending_ns_ = monotonic_ns();
  retry_ns_ = 0;
  last_failure_.clear();
  sessions_.add();
  show(RdmaState::kActive);
}

void SessionKeeper::show(RdmaState state) {
  state_ = state;
  active_.set(state == RdmaState::kActive ? 1 : 0);
  news_ = true;
  const std::lock_guard<std::mutex> lock(mutex_);
  status_.state = state;
  if (!session_) return;
  const UdPort& port = session_->port();
  status_.gid = gid_text(port.gid().gid);
  status_.gid_index = port.gid().index;
  status_.lid = port.lid();
  status_.link = port.link();
  status_.qpn = session_->reflector() == nullptr ? 0 : session_->reflector()->number();
  status_.hardware_clock = session_->hardware_clock();
}

void SessionKeeper::tell(std::string event) {
  news_ = true;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (status_.events.size() < kMostEvents) status_.events.push_back(std::move(event));
}

RdmaStatus SessionKeeper::status() {
  const std::lock_guard<std::mutex> lock(mutex_);
  RdmaStatus copy = status_;
  status_.events.clear();
  return copy;
}

void SessionKeeper::give_up(const Error& error) {
  if (problem_.empty()) problem_ = error.message();
}

SessionKeeper::Change SessionKeeper::watch(int64_t now_ns, bool told) {
  if (!problem_.empty()) return end_by_problem();
  if (session_ && told) {
    if (const Change heard = hear(); heard != Change::kNone) return heard;
  }
  return now_ns < next_check_ns_ ? Change::kNone : check(now_ns);
}

// A device that fails says so as well, and knows better.
SessionKeeper::Change SessionKeeper::end_by_problem() {
  const std::string problem = std::exchange(problem_, {});
  return hear() == Change::kEnded ? Change::kEnded : end(problem);
}

SessionKeeper::Change SessionKeeper::hear() {
  const char* name = "";
  while (true) {
    const PortEvent event = next_port_event(session_->port().verbs(), session_->port().context(), config_.port, name);
    if (event == PortEvent::kNone) return Change::kNone;
    port_events_.add();
    Change change = Change::kNone;
    if (event == PortEvent::kFatal) {
      change = end(name);
    } else {
      change = event == PortEvent::kDown ? go_down() : check_port();
    }
    if (change != Change::kNone) return change;
  }
}

SessionKeeper::Change SessionKeeper::check(int64_t now_ns) {
  if (!session_) return open(now_ns);
  next_check_ns_ = now_ns + kCheckNs;
  if (!session_->port().is_there()) return end("its device was removed");
  // A queue pair whose sends never complete sends no more: nothing but a new one helps.
  if (session_->can_send()) sending_ns_ = now_ns;
  if (now_ns - sending_ns_ > kStuckNs) return end("no send has been completed for five seconds");
  return state_ == RdmaState::kDown ? check_port() : Change::kNone;
}

SessionKeeper::Change SessionKeeper::check_port() {
  auto active = session_->port().active();
  if (!active.ok()) return end("the port cannot be asked any more (" + active.error().message() + ")");
  if (!active.value()) return go_down();
  if (!session_->port().is_as_opened(config_)) return end("its GID, LID or partition key has changed");
  if (state_ != RdmaState::kDown) return Change::kNone;
  // The link may lead elsewhere now.
  session_->handles().distrust_all(monotonic_ns());
  show(RdmaState::kActive);
  tell("the port is active again");
  return Change::kUp;
}

SessionKeeper::Change SessionKeeper::go_down() {
  if (state_ == RdmaState::kDown) return Change::kNone;
  show(RdmaState::kDown);
  tell("the port is down: no probes until it is active again");
  return Change::kDown;
}

SessionKeeper::Change SessionKeeper::end(const std::string& why) {
  session_.reset();
  next_check_ns_ = 0;
  show(RdmaState::kGone);
  tell(why + "; it is opened anew");
  return Change::kEnded;
}

SessionKeeper::Change SessionKeeper::open(int64_t now_ns) {
  auto opened = UdSession::open(config_, reflector_counters_);
  if (opened.ok()) {
    adopt(std::move(opened.value()));
    tell("open again: queue pair " + std::to_string(status_.qpn) + " of " + status_.gid);
    return Change::kOpened;
  }
  retry_ns_ = std::clamp(retry_ns_ * 2, kFirstRetryNs, kLastRetryNs);
  next_check_ns_ = now_ns + retry_ns_;
  // A send that failed because of it may have ended the session before the port's event was heard.
  const bool is_down = opened.error().code == ENETDOWN && std::strcmp(opened.error().syscall, "port") == 0;
  if (is_down && state_ == RdmaState::kGone) show(RdmaState::kDown);
  std::string failure = opened.error().message();
  if (failure != last_failure_) tell("it cannot be opened yet (" + failure + ")");
  last_failure_ = std::move(failure);
  return Change::kNone;
}

void SessionKeeper::add_stats(Stats& stats) const {
  stats.emplace_back("active", active_.get());
  stats.emplace_back("sessions", sessions_.get());
  stats.emplace_back("port_events", port_events_.get());
}

}  // namespace weft
