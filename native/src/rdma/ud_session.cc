#include "rdma/ud_session.h"

#include <algorithm>
#include <utility>

#include "base/thread.h"

namespace weft {

namespace {

constexpr uint32_t kProberSendSlots = 512;  // of each queue pair
constexpr uint32_t kLeastReceiveSlots = 256;
constexpr uint16_t kSoftQueuePairs = 8;
constexpr uint16_t kMostQueuePairs = 256;
// Far above the requests under way, so that no handle is destroyed while one needs it.
constexpr size_t kAddressHandles = 65'536;

// What waits for an address that is still being resolved.
struct Remains {
  std::unique_ptr<UdPort> port;
  std::unique_ptr<AddressHandles> handles;  // goes first: it is of the port
};

uint16_t probers_of(const RdmaConfig& config) {
  if (!config.probe) return 0;
  if (config.queue_pairs != 0) return std::min(config.queue_pairs, kMostQueuePairs);
  return ignores_flow_labels(config.device) ? kSoftQueuePairs : 1;
}

}  // namespace

Result<std::unique_ptr<UdSession>> UdSession::open(const RdmaConfig& config, ReflectorCounters& counters) {
  auto session = open(config, counters, /*stamped=*/true);
  // A device may make a queue with stamps and no queue pair for it, as its clock is set up otherwise.
  const bool without = !session.ok() && session.error().code == EOPNOTSUPP;
  return without ? open(config, counters, /*stamped=*/false) : std::move(session);
}

Result<std::unique_ptr<UdSession>> UdSession::open(const RdmaConfig& config, ReflectorCounters& counters,
                                                   bool stamped) {
  std::unique_ptr<UdSession> session(new UdSession(stamped));
  auto port = UdPort::open(config);
  if (!port.ok()) return port.error();
  session->port_ = std::move(port.value());
  auto handles = AddressHandles::create(*session->port_, config.port, kAddressHandles);
  if (!handles.ok()) return handles.error();
  session->handles_ = std::move(handles.value());
  if (config.reflect) {
    // Each probe that has come may have to be answered at once.
    const QueuePairConfig pair = session->pair_config(config, probers_of(config), config.receive_slots, 1);
    const Status opened = session->open_reflector(pair, config.rate_limit, counters);
    if (!opened.ok()) return opened.error();
  }
  if (const Status opened = session->open_probers(config); !opened.ok()) return opened.error();
  return session;
}

UdSession::~UdSession() {
  // What is made on the port goes before it, and queue pairs before their queues.
  reflector_.reset();
  probers_.clear();
  prober_queues_ = {};
  reflector_queues_ = {};
  if (!handles_ || handles_->end()) return;
  // Neither the event loop nor other ports wait for a neighbour that does not answer. Where there is no thread to do it,
  // they do, for a second or so: what `start` was given goes in it.
  auto remains = std::make_shared<Remains>(Remains{std::move(port_), std::move(handles_)});
  auto waiting = Thread::start("weft-rdma-close", [remains = std::move(remains)]() mutable { remains.reset(); });
  if (waiting.ok()) waiting.value().detach();
}

// One of `pairs` that share the receive slots of their end.
QueuePairConfig UdSession::pair_config(const RdmaConfig& config, uint16_t index, uint32_t send_slots,
                                       uint16_t pairs) const {
  QueuePairConfig pair;
  pair.index = index;
  pair.port = config.port;
  pair.pkey_index = config.pkey_index;
  pair.qkey = config.qkey;
  pair.send_slots = std::min(send_slots, port_->most_requests());
  pair.receive_slots = std::min(std::max(config.receive_slots / pairs, kLeastReceiveSlots), port_->most_requests());
  return pair;
}

Status UdSession::open_queues(EndQueues& queues, const QueuePairConfig& pair, uint32_t pairs) {
  // Room for every request at once: a completion queue that overflows is lost. No more than that: rxe takes 32 767.
  const uint32_t received = pairs * pair.receive_slots;
  const uint32_t sent = pairs * pair.send_slots;
  auto made = CompletionQueue::create(port_->verbs(), port_->context(), {sent + received, received}, stamped_);
  if (!made.ok()) return made.error();
  queues.received = std::move(made.value());
  ends_.push_back(&queues);
  hardware_clock_ = queues.received->hardware_clock();
  if (hardware_clock_) return Done{};
  auto silent = CompletionQueue::create_silent(port_->verbs(), port_->context(), sent);
  if (!silent.ok()) return silent.error();
  queues.sent = std::move(silent.value());
  return Done{};
}

Status UdSession::open_reflector(const QueuePairConfig& pair, double rate_limit, ReflectorCounters& counters) {
  if (const Status opened = open_queues(reflector_queues_, pair, 1); !opened.ok()) return opened;
  auto made = QueuePair::create(port_->verbs(), port_->pd(), reflector_queues_.raw(), pair);
  if (!made.ok()) return made.error();
  reflector_ = std::make_unique<UdReflector>(*port_, *handles_, std::move(made.value()), hardware_clock_, rate_limit,
                                             counters);
  return Done{};
}

Status UdSession::open_probers(const RdmaConfig& config) {
  const uint16_t pairs = probers_of(config);
  for (uint16_t index = 0; index < pairs; ++index) {
    const QueuePairConfig pair = pair_config(config, index, kProberSendSlots, pairs);
    if (index == 0) {
      if (const Status opened = open_queues(prober_queues_, pair, pairs); !opened.ok()) return opened;
    }
    auto made = QueuePair::create(port_->verbs(), port_->pd(), prober_queues_.raw(), pair);
    if (!made.ok()) return made.error();
    probers_.push_back(std::move(made.value()));
  }
  return Done{};
}

bool UdSession::can_send() {
  for (size_t i = 0; i < size(); ++i) {
    if (!pair(i).has_send_slot()) return false;
  }
  return true;
}

void UdSession::begin_pass() {
  for (size_t i = 0; i < size(); ++i) pair(i).begin_pass();
}

}  // namespace weft
