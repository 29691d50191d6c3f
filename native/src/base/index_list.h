// Small integers in an order of the caller's making. O(1) to append, remove and look at the first; no allocation after
// growth. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

namespace weft {

class IndexList {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // Items are 0 … count-1, none of them in the list; those that were there before stay where they are.
  void grow(uint32_t count) {
    if (count > links_.size()) links_.resize(count);
  }

  // REQUIRES: not in the list.
  void append(uint32_t item) {
    links_[item] = {last_, kNone};
    next_of(last_) = item;
    last_ = item;
  }

  // REQUIRES: in the list.
  void remove(uint32_t item) {
    const Link link = links_[item];
    next_of(link.previous) = link.next;
    (link.next == kNone ? last_ : links_[link.next].previous) = link.previous;
  }

  // kNone when the list is empty.
  uint32_t first() const { return first_; }

 private:
  struct Link {
    uint32_t previous = kNone;
    uint32_t next = kNone;
  };

  uint32_t& next_of(uint32_t item) { return item == kNone ? first_ : links_[item].next; }

  std::vector<Link> links_;
  uint32_t first_ = kNone;
  uint32_t last_ = kNone;
};

}  // namespace weft
