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
  // Room for every request at once: a completion queue that overflows is lost.
  const auto entries = static_cast<uint32_t>(pairs * (pair.send_slots + pair.receive_slots));
  auto port = UdPort::open(config, entries);
  if (!port.ok()) return port.error();
  session->port_ = std::move(port.value());
  UdPort& opened = *session->port_;
  auto handles = AddressHandles::create(opened, config.port, kAddressHandles);
  if (!handles.ok()) return handles.error();
  session->handles_ = std::move(handles.value());
  for (; pair.index < pairs; ++pair.index) {
    auto made = QueuePair::create(opened.verbs(), opened.pd(), session->completions().raw(), pair);
    if (!made.ok()) return made.error();
    if (pair.index < probers) {
      session->probers_.push_back(std::move(made.value()));
    } else {
      session->reflector_ =
          std::make_unique<UdReflector>(opened, session->handles(), std::move(made.value()), counters);
    }
  }
  return session;
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
