#include "rdma/ud_engine.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "rdma/path_entropy.h"

namespace weft {

namespace {

constexpr size_t kPollBatch = 32;
constexpr double kBatchedRate = 500;  // probes a second
constexpr int64_t kBatchPeriodNs = kNsPerMs;
constexpr int kDscpShift = 2;
// Completions are taken between so many posts, so that a burst of probes does not hold up answers.
constexpr size_t kSendBurst = 16;
// Late answers are known as such for so long at least.
constexpr int64_t kMinLateNs = kNsPerS;
// With user stamps the loop comes round so often while packets come, so that it can tell that it was held up.
constexpr int64_t kWatchedSleepNs = 10 * kNsPerMs;
constexpr int64_t kWatchedNs = kNsPerS;
// busy_poll: commands and events are looked for once in so many rounds.
constexpr uint32_t kSpinsPerLook = 256;

// What a host that does not answer its neighbours gives: loss, as if the probe had left.
bool is_unreachable(int error) {
  return error == EHOSTUNREACH || error == ENETUNREACH || error == ETIMEDOUT || error == EHOSTDOWN;
}

}  // namespace

Result<RdmaEngine> open_rdma_engine(const RdmaConfig& config) {
  auto opened = UdEngine::open(config);
  if (!opened.ok()) return opened.error();
  return RdmaEngine{opened.value(), opened.value()};
}

Result<std::shared_ptr<UdEngine>> UdEngine::open(const RdmaConfig& config) {
  auto wakeup = Wakeup::create();
  if (!wakeup.ok()) return wakeup.error();
  std::shared_ptr<UdEngine> engine(new UdEngine(std::move(wakeup.value()), config));
  auto session = UdSession::open(config, engine->reflected_);
  if (!session.ok()) return session.error();
  engine->keeper_.emplace(config, std::move(session.value()), engine->reflected_);
  engine->use_session();
  return engine;
}

UdEngine::UdEngine(Wakeup wakeup, const RdmaConfig& config)
    : Prober(std::move(wakeup)),
      config_(config),
      prober_([this](const Record& record) { emit(record); }),
      completions_(kPollBatch),
      sent_completions_(kPollBatch),
      watch_(monotonic_ns()) {}

// ---- the session

void UdEngine::use_session() {
  session_ = keeper_->session();
  prober_.use(session_);
  for (const WaitingTarget& one : waiting_) {
    if (schedule_.has(one.slot, one.id)) prober_.skip(schedule_[one.slot], ProbeResult::kSendError, ENODEV);
  }
  waiting_.clear();
  ready_ = Ready{};
  watch_ = LoopWatch(monotonic_ns());
}

void UdEngine::look_after_session(int64_t now_ns) {
  using Change = SessionKeeper::Change;
  const bool told = std::exchange(ready_.device, false);
  for (Change change = keeper_->watch(now_ns, told); change != Change::kNone;
       change = keeper_->watch(now_ns, /*told=*/true)) {
    if (change == Change::kDown) prober_.abandon(ENETDOWN);
    if (change == Change::kEnded) prober_.abandon(ENODEV);
    if (change == Change::kEnded || change == Change::kOpened) use_session();
  }
  if (keeper_->take_news()) mark_changed();
}

void UdEngine::receive() {
  // What has come first: the time at which it is seen may be its stamp.
  if (session_ != nullptr) take_completions();
  const int64_t now_ns = monotonic_ns();
  look_after_session(now_ns);
  const bool made = std::exchange(ready_.handles, false);
  if (made && session_ != nullptr && session_->handles().take_made(now_ns)) resume_waiting(now_ns);
  outstanding_ = prober_.outstanding();
}

void UdEngine::take_completions() {
  session_->begin_pass();
  bool emptied = true;
  for (const EndQueues* end : session_->ends()) {
    Result<bool> taken = take_completions(*end);
    if (!taken.ok()) return keeper_->give_up(taken.error());
    emptied = emptied && taken.value();
  }
  // What is left has waited for as long as what was taken.
  if (emptied) watch_.emptied(monotonic_ns());
}

Result<bool> UdEngine::take_completions(const EndQueues& end) {
  size_t count;
  // A pass takes what was there when it began, which is no more than the queue holds. Without a bound, a flood that comes as
  // fast as it is taken would keep the engine from all else, and from being closed.
  size_t left = end.received->entries();
  do {
    auto polled = end.received->poll(completions_.data(), completions_.size());
    if (!polled.ok()) return polled.error();
    count = polled.value();
    left -= std::min(left, count);
    Seen seen = watch_.seen(monotonic_ns());
    seen.stood_still = seen.stood_still && !end.received->hardware_clock();
    // Behind the time stamp, and before the slots are needed that it frees.
    if (end.sent) {
      if (const Status taken = take_sent(*end.sent, seen); !taken.ok()) return taken.error();
    }
    if (count == 0) break;
    busy_until_ns_ = seen.monotonic_ns + kWatchedNs;
    for (size_t i = 0; i < count; ++i) {
      if (seen.stood_still) stood_still_.add();
      // A queue pair that failed flushes all it has, and whatever it gets: nothing to wait for.
      if (const Status taken = take(completions_[i], seen); !taken.ok()) return taken.error();
    }
  } while (count == completions_.size() && left > 0 && !slice_full());
  return count < completions_.size();
}

Status UdEngine::take_sent(CompletionQueue& queue, const Seen& seen) {
  size_t count;
  do {
    auto polled = queue.poll(sent_completions_.data(), sent_completions_.size());
    if (!polled.ok()) return polled.error();
    count = polled.value();
    for (size_t i = 0; i < count; ++i) {
      if (const Status taken = take(sent_completions_[i], seen); !taken.ok()) return taken.error();
    }
  } while (count == sent_completions_.size());
  return Done{};
}

Status UdEngine::take(const Completion& completion, const Seen& seen) {
  const WorkId id = WorkId::decode(completion.wr_id);
  if (!session_->is_reflector(id.queue_pair)) {
    return id.receive ? prober_.take_received(id, completion, seen) : prober_.take_sent(id, completion);
  }
  return id.receive ? session_->reflector()->take(id.slot, completion, seen)
                    : session_->reflector()->sent(id.slot, completion, seen);
}

// ---- probes

void UdEngine::expire(int64_t now_ns) {
  expired_.clear();
  expiry_.expire(now_ns, expired_);
  for (const uint32_t slot : expired_) {
    std::optional<PeerAddress> lost;
    const int64_t timeout_ns = prober_[slot].stamps.timeout_ns;
    if (prober_.expire(slot, lost)) expiry_.schedule(slot, now_ns + std::max(timeout_ns, kMinLateNs));
    if (lost && session_ != nullptr) session_->handles().distrust(*lost, now_ns);
  }
  outstanding_ = prober_.outstanding();
}

void UdEngine::send(const std::vector<uint32_t>& due) {
  size_t tried = 0;
  int64_t now_ns = monotonic_ns();
  for (const uint32_t slot : due) {
    send_probe(slot, now_ns);
    if (++tried % kSendBurst != 0 || session_ == nullptr) continue;
    take_completions();
    now_ns = monotonic_ns();
  }
  // Answers are about to come.
  if (session_ != nullptr) busy_until_ns_ = now_ns + kWatchedNs;
  outstanding_ = prober_.outstanding();
  sent_.set(prober_.sent());
  shed_.set(prober_.shed());
}

int UdEngine::refusal(const ProbeTarget& target) {
  if (session_ == nullptr) return ENODEV;
  if (!keeper_->active()) return ENETDOWN;
  return config_.probe && target.valid_address && target.qpn != 0 ? 0 : EINVAL;
}

void UdEngine::send_probe(uint32_t target_slot, int64_t now_ns) {
  ProbeTarget& target = schedule_[target_slot];
  if (const int refused = refusal(target); refused != 0) {
    return prober_.skip(target, ProbeResult::kSendError, refused);
  }
  const PeerAddress peer = peer_of(target);
  const AddressHandles::Found to = session_->handles().find(peer, now_ns);
  if (to.handle != nullptr) {
    const auto slot = prober_.send(target, peer, to.handle);
    if (!slot) return;
    expiry_.grow(prober_.capacity());
    return expiry_.schedule(*slot, prober_[*slot].stamps.t1_ns + target.timeout_ns);
  }
  if (to.error != 0) {
    if (!is_unreachable(to.error)) return prober_.skip(target, ProbeResult::kSendError, to.error);
    unreachable_.add();
    return prober_.skip(target, ProbeResult::kTimeout, to.error);
  }
  // The handle is being made, and the probe leaves as soon as it is there. One waits; what comes behind it is not sent.
  const bool waits = std::any_of(waiting_.begin(), waiting_.end(),
                                 [&](const WaitingTarget& one) { return one.slot == target_slot; });
  if (waits) return prober_.skip(target, ProbeResult::kSendError, EAGAIN);
  waiting_.push_back({target_slot, target.id});
}

void UdEngine::resume_waiting(int64_t now_ns) {
  if (session_->reflector() != nullptr) session_->reflector()->resume(now_ns);
  std::vector<uint32_t> waiting;
  for (const WaitingTarget& one : waiting_) {
    if (schedule_.has(one.slot, one.id)) waiting.push_back(one.slot);
  }
  waiting_.clear();
  // Those that go on waiting come back into it.
  if (!waiting.empty()) send(waiting);
}

PeerAddress UdEngine::peer_of(const ProbeTarget& target) {
  const UdPort& port = session_->port();
  PeerAddress peer;
  peer.gid = target.address.address();
  peer.flow_label = flow_label_of(target.path());
  peer.service_level = config_.service_level;
  peer.traffic_class = target.dscp != 0 ? static_cast<uint8_t>(target.dscp << kDscpShift) : config_.traffic_class;
  if (port.link() == RdmaLink::kRoce) return peer;
  peer.lid = target.lid;
  // Within the subnet the LID is enough; a router needs the GID.
  constexpr size_t kSubnetBytes = 8;
  peer.global = !std::equal(peer.gid.begin(), peer.gid.begin() + kSubnetBytes, port.gid().gid.begin());
  return peer;
}

// ---- sleep

bool UdEngine::batched() const {
  return session_ != nullptr && session_->hardware_clock() && schedule_.probes_per_second() >= kBatchedRate;
}

bool UdEngine::wait(int64_t deadline_ns) {
  if (config_.busy_poll && keeper_->active()) return ++spins_ % kSpinsPerLook == 0 && sleep(0);
  if (session_ != nullptr && arm()) return false;
  return sleep(sleep_until_ns(deadline_ns, monotonic_ns()));
}

// True when there may be more to take before it sleeps.
bool UdEngine::arm() {
  bool news = false;
  for (const EndQueues* end : session_->ends()) {
    if (end->received->armed() || (batched() && session_->is_prober(end))) continue;
    if (const Status armed = end->received->arm(); !armed.ok()) keeper_->give_up(armed.error());
    news = true;
  }
  return news;
}

int64_t UdEngine::sleep_until_ns(int64_t deadline_ns, int64_t now_ns) const {
  const int64_t until_ns = std::min(next_deadline_ns(deadline_ns), keeper_->next_check_ns());
  if (batched()) return std::max(std::min(until_ns, deadline_ns), now_ns + kBatchPeriodNs);
  const bool watched = session_ != nullptr && !session_->hardware_clock() && now_ns < busy_until_ns_;
  return watched ? std::min(until_ns, now_ns + kWatchedSleepNs) : until_ns;
}

// True when the main thread wants the slice to end.
bool UdEngine::sleep(int64_t until_ns) {
  polled_.assign({{wakeup().fd(), POLLIN, 0}});
  if (session_ != nullptr) {
    polled_.push_back({session_->port().context()->async_fd, POLLIN, 0});
    polled_.push_back({session_->handles().fd(), POLLIN, 0});
    for (const EndQueues* end : session_->ends()) {
      if (end->received->armed()) polled_.push_back({end->received->fd(), POLLIN, 0});
    }
  }
  const int64_t span_ns = std::max<int64_t>(until_ns - monotonic_ns(), 0);
  watch_.sleeps(span_ns);
  const timespec span{span_ns / kNsPerS, span_ns % kNsPerS};
  if (ppoll(polled_.data(), polled_.size(), &span, nullptr) <= 0) return false;
  if (session_ != nullptr) {
    ready_.device = polled_[1].revents != 0;
    ready_.handles = polled_[2].revents != 0;
    for (const EndQueues* end : session_->ends()) {
      if (has_come(*end->received)) end->received->disarm();
    }
  }
  if (polled_[0].revents == 0) return false;
  wakeup().drain();
  return true;
}

bool UdEngine::has_come(const CompletionQueue& queue) const {
  return std::any_of(polled_.begin(), polled_.end(),
                     [&](const pollfd& one) { return one.fd == queue.fd() && one.revents != 0; });
}

void UdEngine::add_stats(Stats& stats) const {
  stats.emplace_back("late", emitted(ProbeResult::kLate));
  stats.emplace_back("duplicate", emitted(ProbeResult::kDuplicate));
  prober_.add_stats(stats);
  stats.emplace_back("unreachable", unreachable_.get());
  stats.emplace_back("stood_still", stood_still_.get());
  reflected_.add_stats(stats);
  keeper_->add_stats(stats);
}

}  // namespace weft
