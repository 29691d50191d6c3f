#include "rdma/probe_table.h"

namespace weft {

namespace {

constexpr uint32_t kFirstSlots = 1024;

}  // namespace

Record UdProbe::record(ProbeResult result, int error) const {
  Record made = record_of(target_id, path, sequence, sent_utc_ns, result);
  made.error = static_cast<uint16_t>(error);
  made.answer_ttl = hop_limit;
  return made;
}

ProbeTable::ProbeTable() { grow(); }

bool ProbeTable::grow() {
  const uint32_t before = capacity();
  const uint32_t after = before == 0 ? kFirstSlots : before * 2;
  if (after > kMaxProbes) return false;
  slots_.resize(after);
  for (uint32_t slot = after; slot > before; --slot) free_.push_back(slot - 1);
  ring_.assign(size_t{after} * 2, kNone);
  for (uint32_t slot = 0; slot < before; ++slot) {
    if (slots_[slot].state != UdProbe::State::kFree) ring_[slots_[slot].counter % ring_.size()] = slot;
  }
  return true;
}

uint32_t ProbeTable::insert() {
  if (free_.empty() && !grow()) return kNone;
  // The ring has come round to a probe that is still known (of a target with a long timeout): its counter is passed over.
  while (ring_[next_counter_ % ring_.size()] != kNone) ++next_counter_;
  const uint32_t slot = free_.back();
  free_.pop_back();
  slots_[slot] = UdProbe{};
  slots_[slot].counter = next_counter_++;
  slots_[slot].state = UdProbe::State::kOutstanding;
  ring_[slots_[slot].counter % ring_.size()] = slot;
  return slot;
}

uint32_t ProbeTable::find(uint32_t counter) const {
  const uint32_t slot = ring_[counter % ring_.size()];
  return slot != kNone && slots_[slot].counter == counter ? slot : kNone;
}

void ProbeTable::erase(uint32_t slot) {
  ring_[slots_[slot].counter % ring_.size()] = kNone;
  slots_[slot].state = UdProbe::State::kFree;
  free_.push_back(slot);
}

void ProbeTable::sent(uint32_t slot) { order_.add(slot, slots_[slot].counter, slots_[slot].sent_utc_ns); }

int64_t ProbeTable::oldest_sent_ns(int64_t now_ns) {
  return order_.oldest_ns(now_ns, [this](uint32_t slot, uint32_t counter) {
    return slots_[slot].counter == counter && slots_[slot].state == UdProbe::State::kOutstanding;
  });
}

}  // namespace weft
