// The probes under way in the order they were sent: tells up to when all have ended. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>

namespace weft {

class SentOrder {
 public:
  // A slot is used again and again; its generation says for which probe.
  void add(uint32_t slot, uint32_t generation, int64_t sent_ns) { sent_.push_back({slot, generation, sent_ns}); }

  // When the oldest probe for which `outstanding(slot, generation)` holds was sent; `now_ns` when there is none.
  template <typename Outstanding>
  int64_t oldest_ns(int64_t now_ns, Outstanding outstanding) {
    while (!sent_.empty() && !outstanding(sent_.front().slot, sent_.front().generation)) sent_.pop_front();
    return sent_.empty() ? now_ns : sent_.front().sent_ns;
  }

 private:
  struct Reference {
    uint32_t slot;
    uint32_t generation;
    int64_t sent_ns;
  };

  std::deque<Reference> sent_;
};

}  // namespace weft
