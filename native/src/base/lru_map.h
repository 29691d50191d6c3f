// A bounded map that forgets what was not used for longest. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <utility>

namespace weft {

// Values may be move-only. All operations but `clear` are O(1) on average; `find` and replacing do not allocate.
template <typename Key, typename Value, typename Hash>
class LruMap {
 public:
  // REQUIRES: capacity > 0.
  explicit LruMap(size_t capacity) : capacity_(capacity) {}
  LruMap(const LruMap&) = delete;
  LruMap& operator=(const LruMap&) = delete;

  // nullptr when it is not there. Makes it the latest. The value stays in its place until it is evicted or replaced.
  Value* find(const Key& key) {
    const auto known = places_.find(key);
    if (known == places_.end()) return nullptr;
    make_latest(known->second);
    return &known->second->value;
  }

  // The latest from now on; takes the place of a value with the same key. When the map is full, the oldest is
  // destroyed.
  Value& insert(Key key, Value value) {
    if (const auto known = places_.find(key); known != places_.end()) {
      make_latest(known->second);
      return known->second->value = std::move(value);
    }
    if (size() == capacity_) evict_oldest();
    entries_.push_back({key, std::move(value)});
    places_.emplace(std::move(key), std::prev(entries_.end()));
    return entries_.back().value;
  }

  void clear() {
    places_.clear();
    entries_.clear();
  }

  size_t size() const { return places_.size(); }
  // Since the map was made.
  uint64_t evictions() const { return evictions_; }

 private:
  struct Entry {
    Key key;
    Value value;
  };
  using Entries = std::list<Entry>;  // oldest first

  void make_latest(typename Entries::iterator entry) { entries_.splice(entries_.end(), entries_, entry); }

  void evict_oldest() {
    places_.erase(entries_.front().key);
    entries_.pop_front();
    ++evictions_;
  }

  size_t capacity_;
  uint64_t evictions_ = 0;
  Entries entries_;
  std::unordered_map<Key, typename Entries::iterator, Hash> places_;
};

}  // namespace weft
