#include "base/index_list.h"

#include <algorithm>
#include <list>

#include "check.h"
#include "random.h"

namespace weft::test {

TEST(an_index_list_keeps_the_order_of_appending) {
  constexpr uint32_t kItems = 50;
  IndexList list;
  std::list<uint32_t> expected;
  Random random(1);
  CHECK_EQ(list.first(), IndexList::kNone);
  for (int step = 0; step < 10'000; ++step) {
    const auto item = static_cast<uint32_t>(random.below(kItems));
    list.grow(item + 1);
    const auto found = std::find(expected.begin(), expected.end(), item);
    if (found == expected.end()) {
      list.append(item);
      expected.push_back(item);
    } else {
      list.remove(item);
      expected.erase(found);
    }
    CHECK_EQ(list.first(), expected.empty() ? IndexList::kNone : expected.front());
  }
  for (; !expected.empty(); expected.pop_front()) {
    CHECK_EQ(list.first(), expected.front());
    list.remove(list.first());
  }
  CHECK_EQ(list.first(), IndexList::kNone);
}

}  // namespace weft::test
