#include "net/pending_table.h"

namespace weft {

namespace {
constexpr uint32_t kFirstSlots = 1024;
}

PendingTable::PendingTable() { grow(); }

size_t PendingTable::bucket_of(const SocketAddress& peer, uint32_t socket, uint32_t sequence) const {
  return mix(peer.hash() ^ (uint64_t{socket} << 32 | sequence)) & (buckets_.size() - 1);
}

// Doubles the table and hashes it anew; false at the limit.
bool PendingTable::grow() {
  const uint32_t old_size = capacity();
  const uint32_t new_size = old_size == 0 ? kFirstSlots : old_size * 2;
  if (new_size > kMaxPending) return false;
  slots_.resize(new_size);
  free_.reserve(new_size);
  for (uint32_t slot = new_size; slot-- > old_size;) free_.push_back(slot);
  buckets_.assign(new_size, kNone);
  for (uint32_t slot = 0; slot < old_size; ++slot) {
    Pending& pending = slots_[slot];
    if (pending.state == PendingState::kFree) continue;
    uint32_t& head = buckets_[bucket_of(pending.peer, pending.socket, pending.sequence)];
    pending.next_in_bucket = head;
    head = slot;
  }
  return true;
}

uint32_t PendingTable::insert(const SocketAddress& peer, uint32_t socket, uint32_t sequence) {
  if (find(peer, socket, sequence) != kNone) return kNone;
  if (free_.empty() && !grow()) return kNone;
  const uint32_t slot = free_.back();
  free_.pop_back();
  Pending& pending = slots_[slot];
  const uint32_t generation = pending.generation + 1;
  pending = Pending{};
  pending.generation = generation;
  pending.peer = peer;
  pending.socket = socket;
  pending.sequence = sequence;
  pending.state = PendingState::kOutstanding;
  uint32_t& head = buckets_[bucket_of(peer, socket, sequence)];
  pending.next_in_bucket = head;
  head = slot;
  ++used_;
  return slot;
}

uint32_t PendingTable::find(const SocketAddress& peer, uint32_t socket, uint32_t sequence) const {
  uint32_t slot = buckets_[bucket_of(peer, socket, sequence)];
  while (slot != kNone) {
    const Pending& pending = slots_[slot];
    if (pending.sequence == sequence && pending.socket == socket && pending.peer == peer) return slot;
    slot = pending.next_in_bucket;
  }
  return kNone;
}

void PendingTable::erase(uint32_t slot) {
  Pending& pending = slots_[slot];
  uint32_t* link = &buckets_[bucket_of(pending.peer, pending.socket, pending.sequence)];
  while (*link != slot) link = &slots_[*link].next_in_bucket;
  *link = pending.next_in_bucket;
  pending.state = PendingState::kFree;
  free_.push_back(slot);
  --used_;
}

void PendingTable::sent(uint32_t slot) { order_.add(slot, slots_[slot].generation, slots_[slot].sent.realtime); }

int64_t PendingTable::oldest_sent_ns(int64_t now_ns) {
  return order_.oldest_ns(now_ns, [this](uint32_t slot, uint32_t generation) {
    return slots_[slot].generation == generation && slots_[slot].state == PendingState::kOutstanding;
  });
}

}  // namespace weft
