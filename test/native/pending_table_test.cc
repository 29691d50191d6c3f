#include "net/pending_table.h"

#include <algorithm>
#include <deque>
#include <map>
#include <tuple>

#include "check.h"
#include "random.h"

namespace weft::test {

namespace {

constexpr uint32_t kNone = PendingTable::kNone;

SocketAddress peer(uint32_t n) {
  const std::string text = n % 2 == 0 ? "10.0.0." + std::to_string(n) : "fd00::" + std::to_string(n);
  return *SocketAddress::parse(text.c_str(), static_cast<uint16_t>(862 + n % 3));
}

}  // namespace

TEST(pending_table_agrees_with_a_map) {
  Random random(5);
  PendingTable table;
  std::map<std::tuple<uint32_t, uint32_t, uint32_t>, uint32_t> model;
  for (int i = 0; i < 300'000; ++i) {
    // Few keys, so that they meet again; many at a time, so that the table
    // grows.
    const auto key = std::make_tuple(static_cast<uint32_t>(random.below(8)), static_cast<uint32_t>(random.below(3)),
                                     static_cast<uint32_t>(random.below(300)));
    const auto &[peer_number, socket, sequence] = key;
    const SocketAddress address = peer(peer_number);
    const auto known = model.find(key);
    CHECK_EQ(table.find(address, socket, sequence), known == model.end() ? kNone : known->second);
    if (random.below(100) < 60) {
      const uint32_t slot = table.insert(address, socket, sequence);
      CHECK((slot == kNone) == (known != model.end()));
      if (slot == kNone) continue;
      CHECK(table[slot].state == PendingState::kOutstanding && !table[slot].answered && table[slot].t4_ns == 0);
      table[slot].answered = true;
      table[slot].t4_ns = 1;
      model[key] = slot;
    } else if (known != model.end()) {
      table.erase(known->second);
      model.erase(known);
    }
    CHECK_EQ(table.used(), model.size());
  }
  CHECK(table.capacity() > 2'000);
}

TEST(pending_table_tells_neighbours_apart) {
  PendingTable table;
  const uint32_t slot = table.insert(peer(2), 1, 100);
  CHECK_EQ(table.find(peer(2), 1, 100), slot);
  CHECK_EQ(table.find(peer(4), 1, 100), kNone);
  CHECK_EQ(table.find(peer(2), 0, 100), kNone);
  CHECK_EQ(table.find(peer(2), 1, 101), kNone);
  CHECK_EQ(table.find(*SocketAddress::parse("10.0.0.2", 1), 1, 100), kNone);
}

TEST(pending_table_is_bounded) {
  PendingTable table;
  for (uint32_t i = 0; i < PendingTable::kMaxPending; ++i) CHECK(table.insert(peer(2), 0, i) != kNone);
  CHECK_EQ(table.insert(peer(2), 0, PendingTable::kMaxPending), kNone);
  CHECK_EQ(table.capacity(), PendingTable::kMaxPending);
  const uint32_t slot = table.find(peer(2), 0, 12'345);
  table.erase(slot);
  CHECK_EQ(table.insert(peer(2), 0, 0xffff'ffff), slot);
}

TEST(pending_slot_used_again_is_of_a_new_generation) {
  PendingTable table;
  const uint32_t slot = table.insert(peer(2), 0, 1);
  const uint32_t generation = table[slot].generation;
  table.erase(slot);
  CHECK_EQ(table.insert(peer(2), 0, 2), slot);
  CHECK(table[slot].generation != generation);
}

TEST(oldest_probe_under_way) {
  constexpr int64_t kNow = 1'000'000;
  PendingTable table;
  const auto send = [&](uint32_t sequence, int64_t sent_ns) {
    const uint32_t slot = table.insert(peer(2), 0, sequence);
    table[slot].sent.realtime = sent_ns;
    table.sent(slot);
    return slot;
  };
  CHECK_EQ(table.oldest_sent_ns(kNow), kNow);
  const uint32_t first = send(1, 100);
  const uint32_t second = send(2, 200);
  const uint32_t third = send(3, 300);
  CHECK_EQ(table.oldest_sent_ns(kNow), 100);
  table[second].state = PendingState::kSucceeded;
  CHECK_EQ(table.oldest_sent_ns(kNow), 100);
  // The place of a probe that ended, taken by one that is younger: its own
  // order counts.
  table.erase(first);
  CHECK_EQ(send(4, 400), first);
  CHECK_EQ(table.oldest_sent_ns(kNow), 300);
  table[third].state = PendingState::kSucceeded;
  CHECK_EQ(table.oldest_sent_ns(kNow), 400);
  table.erase(first);
  CHECK_EQ(table.oldest_sent_ns(kNow), kNow);
}

}  // namespace weft::test
