#include "base/lru_map.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "check.h"
#include "random.h"

namespace weft::test {

namespace {

using Map = LruMap<int, std::unique_ptr<std::string>, std::hash<int>>;

std::unique_ptr<std::string> value(const char *text) { return std::make_unique<std::string>(text); }

// Every key in the same place of the hash table.
struct Colliding {
  size_t operator()(int) const { return 0; }
};

}  // namespace

TEST(lru_map_forgets_what_was_not_used_for_longest) {
  Map map(2);
  map.insert(1, value("one"));
  map.insert(2, value("two"));
  CHECK(**map.find(1) == "one");
  CHECK(*map.insert(3, value("three")) == "three");
  CHECK(map.find(2) == nullptr);
  CHECK(map.find(1) != nullptr && map.find(3) != nullptr);
  CHECK_EQ(map.size(), 2);
  CHECK_EQ(map.evictions(), 1);
}

TEST(lru_map_replaces_a_value) {
  Map map(2);
  map.insert(1, value("one"));
  map.insert(2, value("two"));
  CHECK(*map.insert(1, value("uno")) == "uno");
  CHECK_EQ(map.size(), 2);
  CHECK_EQ(map.evictions(), 0);
  map.insert(3, value("three"));  // 1 was the latest
  CHECK(map.find(2) == nullptr && **map.find(1) == "uno");
}

TEST(lru_map_is_cleared) {
  Map map(1);
  map.insert(1, value("one"));
  map.insert(2, value("two"));
  map.clear();
  CHECK_EQ(map.size(), 0);
  CHECK(map.find(2) == nullptr);
  CHECK_EQ(map.evictions(), 1);
  map.insert(3, value("three"));
  CHECK(**map.find(3) == "three");
}

TEST(lru_map_destroys_what_it_forgets_at_once) {
  LruMap<int, std::shared_ptr<int>, std::hash<int>> map(1);
  const auto first = std::make_shared<int>(1);
  const auto second = std::make_shared<int>(2);
  map.insert(1, first);
  CHECK_EQ(first.use_count(), 2);
  map.insert(1, second);
  CHECK_EQ(first.use_count(), 1);
  map.insert(2, first);
  CHECK_EQ(second.use_count(), 1);
  map.clear();
  CHECK_EQ(first.use_count(), 1);
}

TEST(lru_map_leaves_values_in_their_place) {
  Map map(100);
  std::unique_ptr<std::string> *const first = &map.insert(0, value("zero"));
  for (int key = 1; key < 100; ++key) map.insert(key, value("x"));
  CHECK(map.find(0) == first);
}

TEST(lru_map_agrees_with_a_list) {
  constexpr size_t kCapacity = 20;
  Random random(3);
  LruMap<int, int, Colliding> map(kCapacity);
  std::vector<std::pair<int, int>> model;  // oldest first
  uint64_t evictions = 0;
  for (int i = 0; i < 50'000; ++i) {
    const int key = static_cast<int>(random.below(40));
    const auto known = std::find_if(model.begin(), model.end(), [&](const auto &entry) { return entry.first == key; });
    int expected = i;
    if (random.one_in(2)) {
      const int *const found = map.find(key);
      CHECK((found == nullptr) == (known == model.end()));
      if (found == nullptr) continue;
      CHECK_EQ(*found, known->second);
      expected = known->second;
    } else {
      CHECK_EQ(map.insert(key, i), i);
    }
    if (known != model.end()) {
      model.erase(known);
    } else if (model.size() == kCapacity) {
      model.erase(model.begin());
      ++evictions;
    }
    model.emplace_back(key, expected);
    CHECK_EQ(map.size(), model.size());
    CHECK_EQ(map.evictions(), evictions);
  }
  CHECK(evictions > 1'000);
}

}  // namespace weft::test
