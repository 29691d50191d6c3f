// A token bucket per source address, in a table of fixed size. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "base/socket_address.h"

namespace weft {

class RateLimiter {
 public:
  // `per_second` tokens a second, a burst of as many; 0 = no limit.
  explicit RateLimiter(double per_second);

  bool allow(const AddressBytes& source, int64_t now_ns);

 private:
  struct Bucket {
    AddressBytes source{};
    int64_t updated_ns = 0;  // 0 = free
    double tokens = 0;
  };

  Bucket& find(const AddressBytes& source);

  double per_second_;
  std::vector<Bucket> buckets_;
};

}  // namespace weft
