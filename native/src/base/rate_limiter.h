// A token bucket per source address, in a table of fixed size. Not thread-safe.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "base/socket_address.h"

namespace weft {

class RateLimiter {
 public:
  // `per_second` tokens a second, a burst of as many; 0 = no limit.
  explicit RateLimiter(double per_second);

  bool allow(const AddressBytes& source, int64_t now_ns);

 private:
  // All zero: free.
  struct Bucket {
    AddressBytes source;
    int64_t updated_ns;
    double tokens;
  };

  Bucket& find(const AddressBytes& source);

  double per_second_;
  // From `calloc`: sources that never come cost no memory.
  struct Free {
    void operator()(Bucket* buckets) const { std::free(buckets); }
  };
  std::unique_ptr<Bucket[], Free> buckets_;
};

}  // namespace weft
