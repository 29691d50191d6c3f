#include "rdma/address_handles.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/socket_address.h"

namespace weft {

namespace {

constexpr int64_t kFreshNs = 60 * kNsPerS;  // at most
constexpr int64_t kFirstRetryNs = kNsPerS;
constexpr int64_t kLastRetryNs = 8 * kNsPerS;
// A handle this young was made by the route of today: losses have another cause.
constexpr int64_t kTrustedNs = 2 * kNsPerS;
// Sends that take longer are lost in the device.
constexpr int64_t kRetiredNs = 5 * kNsPerS;
constexpr uint8_t kHopLimit = 255;
// Several, so that hosts that are dead do not hold up the others.
constexpr size_t kThreads = 4;

// Not all at once: the handles of a long list were made within a second.
int64_t fresh_ns(const PeerAddress& address) {
  return kFreshNs - static_cast<int64_t>(PeerAddressHash{}(address) % kFreshNs) / 4;
}

}  // namespace

bool PeerAddress::operator==(const PeerAddress& other) const {
  return gid == other.gid && flow_label == other.flow_label && lid == other.lid &&
         traffic_class == other.traffic_class && service_level == other.service_level && global == other.global;
}

size_t PeerAddressHash::operator()(const PeerAddress& address) const {
  uint64_t halves[2];
  std::memcpy(halves, address.gid.data(), sizeof halves);
  const uint64_t rest = uint64_t{address.flow_label} << 32 | uint64_t{address.lid} << 16 |
                        static_cast<uint64_t>(address.traffic_class) << 8 | address.service_level;
  return mix(mix(mix(halves[0]) ^ halves[1]) ^ rest);
}

Result<std::unique_ptr<AddressHandles>> AddressHandles::create(const UdPort& port, uint8_t port_number,
                                                               size_t capacity) {
  auto wakeup = Wakeup::create();
  if (!wakeup.ok()) return wakeup.error();
  std::unique_ptr<AddressHandles> made(new AddressHandles(port, port_number, capacity, std::move(wakeup.value())));
  if (const Status started = made->start_threads(); !started.ok()) return started.error();
  return made;
}

AddressHandles::AddressHandles(const UdPort& port, uint8_t port_number, size_t capacity, Wakeup wakeup)
    : port_(port), port_number_(port_number), capacity_(capacity), table_(capacity), wakeup_(std::move(wakeup)) {}

AddressHandles::~AddressHandles() {
  end();
  threads_.clear();
}

Status AddressHandles::start_threads() {
  threads_.reserve(kThreads);
  while (threads_.size() < kThreads) {
    auto started = Thread::start("weft-rdma-addr", [this] { run(); });
    if (!started.ok()) return started.error();
    threads_.push_back(std::move(started.value()));
  }
  return Done{};
}

bool AddressHandles::end() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ending_ = true;
  asked_.notify_all();
  return making_ == 0;
}

AddressHandles::Found AddressHandles::find(const PeerAddress& address, int64_t now_ns, bool make) {
  Entry* entry = table_.find(address);
  if (entry == nullptr && !make) return {};
  if (entry == nullptr) entry = &table_.insert(address, Entry{});
  const bool fresh = now_ns < entry->fresh_until_ns && entry->made_ns > distrusted_ns_;
  if (!entry->asked && !fresh) ask(address, *entry);
  return {entry->handle.get(), entry->error};
}

void AddressHandles::distrust(const PeerAddress& address, int64_t now_ns) {
  Entry* entry = table_.find(address);
  if (entry == nullptr || !entry->handle) return;
  if (now_ns > entry->made_ns + kTrustedNs) entry->fresh_until_ns = now_ns;
}

void AddressHandles::ask(const PeerAddress& address, Entry& entry) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    // Of those that the table has forgotten meanwhile. It is asked for again when it is next looked up.
    if (wanted_.size() + retried_.size() >= capacity_) return;
    (entry.error != 0 ? retried_ : wanted_).push_back(address);
  }
  entry.asked = true;
  asked_.notify_one();
}

bool AddressHandles::take_made(int64_t now_ns) {
  wakeup_.drain();
  std::vector<Made> made;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    made.swap(made_);
  }
  while (!retired_.empty() && retired_.front().until_ns <= now_ns) retired_.pop_front();
  for (Made& one : made) {
    Entry* entry = table_.find(one.address);
    if (entry == nullptr) continue;  // evicted meanwhile
    entry->asked = false;
    entry->made_ns = now_ns;
    entry->error = one.error;
    entry->retry_ns = one.handle ? 0 : std::clamp(entry->retry_ns * 2, kFirstRetryNs, kLastRetryNs);
    entry->fresh_until_ns = now_ns + (one.handle ? fresh_ns(one.address) : entry->retry_ns);
    // A peer that cannot be resolved is not reached by its old handle either.
    entry->handle.swap(one.handle);
    if (one.handle) retired_.push_back({std::move(one.handle), now_ns + kRetiredNs});
  }
  return !made.empty();
}

void AddressHandles::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    asked_.wait(lock, [this] { return ending_ || !wanted_.empty() || !retried_.empty(); });
    if (ending_) return;
    std::deque<PeerAddress>& queue = wanted_.empty() ? retried_ : wanted_;
    const PeerAddress address = queue.front();
    queue.pop_front();
    ++making_;
    lock.unlock();
    Made made = make(address);
    lock.lock();
    --making_;
    made_.push_back(std::move(made));
    wakeup_.signal();
  }
}

AddressHandles::Made AddressHandles::make(const PeerAddress& address) const {
  ibv_ah_attr attributes{};
  attributes.port_num = port_number_;
  attributes.dlid = address.lid;
  attributes.sl = address.service_level;
  if (address.global) {
    attributes.is_global = 1;
    std::memcpy(attributes.grh.dgid.raw, address.gid.data(), address.gid.size());
    attributes.grh.flow_label = address.flow_label;
    attributes.grh.sgid_index = static_cast<uint8_t>(port_.gid().index);
    attributes.grh.hop_limit = kHopLimit;
    attributes.grh.traffic_class = address.traffic_class;
  }
  errno = 0;
  Made made{address, own(port_.verbs().create_ah(port_.pd(), &attributes), port_.verbs().destroy_ah), 0};
  if (!made.handle) made.error = verbs_error("ibv_create_ah").code;
  return made;
}

}  // namespace weft
