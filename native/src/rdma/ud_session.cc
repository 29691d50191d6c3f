#include "rdma/ud_session.h"

#include <algorithm>

namespace weft {

namespace {

constexpr uint32_t kSendSlots = 512;
constexpr uint32_t kLeastReceiveSlots = 256;
constexpr uint16_t kSoftQueuePairs = 8;
constexpr uint16_t kMostQueuePairs = 256;
// Far above the requests under way, so that no handle is destroyed while one needs it.
constexpr size_t kAddressHandles = 65'536;

uint16_t probers_of(const RdmaConfig& config) {
  if (!config.probe) return 0;
  if (config.queue_pairs != 0) return std::min(config.queue_pairs, kMostQueuePairs);
  return ignores_flow_labels(config.device) ? kSoftQueuePairs : 1;
}

}  // namespace

Result<std::unique_ptr<UdSession>> UdSession::open(const RdmaConfig& config, ReflectorCounters& counters) {
  QueuePairConfig pair;
  pair.port = config.port;
  pair.pkey_index = config.pkey_index;
  pair.qkey = config.qkey;
  pair.send_slots = kSendSlots;
  pair.receive_slots = std::max(config.receive_slots, kLeastReceiveSlots);

  std::unique_ptr<UdSession> session(new UdSession());
  const size_t probers = probers_of(config);
  const size_t pairs = probers + (config.reflect ? 1 : 0);
  auto port = UdPort::open(config);
  if (!port.ok()) return port.error();
  session->port_ = std::move(port.value());
  const UdPort& opened = *session->port_;
  if (const Status status = session->open_completions(pair, probers, config.reflect); !status.ok()) {
    return status.error();
  }
  auto handles = AddressHandles::create(opened, config.port, kAddressHandles);
  if (!handles.ok()) return handles.error();
  session->handles_ = std::move(handles.value());
  for (; pair.index < pairs; ++pair.index) {
    const bool probes = pair.index < probers;
    CompletionQueue& queue = probes ? *session->prober_completions_ : *session->reflector_completions_;
    auto made = QueuePair::create(opened.verbs(), opened.pd(), queue.raw(), pair);
    if (!made.ok()) return made.error();
    if (probes) {
      session->probers_.push_back(std::move(made.value()));
    } else {
      session->reflector_ = std::make_unique<UdReflector>(opened, session->handles(), std::move(made.value()),
                                                          session->hardware_clock_, counters);
    }
  }
  return session;
}

Status UdSession::open_completions(const QueuePairConfig& pair, size_t probers, bool reflects) {
  // Room for every request at once: a completion queue that overflows is lost.
  const uint32_t entries = pair.send_slots + pair.receive_slots;
  const auto open = [&](std::unique_ptr<CompletionQueue>& queue, size_t pairs) -> Status {
    if (pairs == 0) return Done{};
    auto made =
        CompletionQueue::create(port_->verbs(), port_->context(), static_cast<uint32_t>(entries * pairs));
    if (!made.ok()) return made.error();
    queue = std::move(made.value());
    queues_.push_back(queue.get());
    hardware_clock_ = queue->hardware_clock();
    return Done{};
  };
  const Status opened = open(reflector_completions_, reflects ? 1 : 0);
  return opened.ok() ? open(prober_completions_, probers) : opened;
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
