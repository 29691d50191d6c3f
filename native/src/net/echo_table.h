// The open connections of a TCP reflector: which came first, and which has been idle for longest. Not thread-safe.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "net/echo_connection.h"
#include "base/index_list.h"

namespace weft {

class EchoTable {
 public:
  static constexpr uint32_t kNone = IndexList::kNone;

  explicit EchoTable(uint32_t capacity) : capacity_(capacity) {}

  bool full() const { return size_ == capacity_; }
  uint32_t size() const { return size_; }
  EchoConnection& at(uint32_t place) { return entries_[place].connection; }
  int64_t active_ns(uint32_t place) const { return entries_[place].active_ns; }

  // REQUIRES: not full. The place is the connection's until it is removed.
  uint32_t add(EchoConnection connection, int64_t now_ns) {
    const uint32_t place = take_place();
    entries_[place] = {std::move(connection), now_ns};
    by_age_.append(place);
    by_activity_.append(place);
    ++size_;
    return place;
  }

  // Something came or went on it.
  void touch(uint32_t place, int64_t now_ns) {
    entries_[place].active_ns = now_ns;
    by_activity_.remove(place);
    by_activity_.append(place);
  }

  // Closes the connection, too.
  void remove(uint32_t place) {
    entries_[place].connection = EchoConnection();
    by_age_.remove(place);
    by_activity_.remove(place);
    free_.push_back(place);
    --size_;
  }

  // kNone when there is no connection. All are given the same time to be idle, so the idlest is the next to end.
  uint32_t oldest() const { return by_age_.first(); }
  uint32_t idlest() const { return by_activity_.first(); }

 private:
  struct Entry {
    EchoConnection connection;
    int64_t active_ns = 0;
  };

  uint32_t take_place() {
    if (free_.empty()) {
      const auto place = static_cast<uint32_t>(entries_.size());
      entries_.emplace_back();
      by_age_.grow(place + 1);
      by_activity_.grow(place + 1);
      return place;
    }
    const uint32_t place = free_.back();
    free_.pop_back();
    return place;
  }

  uint32_t capacity_;
  uint32_t size_ = 0;
  std::vector<Entry> entries_;
  std::vector<uint32_t> free_;
  IndexList by_age_;
  IndexList by_activity_;
};

}  // namespace weft
