#include "base/rate_limiter.h"

#include <algorithm>

#include "base/clock.h"

namespace weft {

namespace {

// A source hashes to one set of kWays buckets; when all are taken by others, the one idle for longest makes room. A
// flood of forged sources can so push out others' buckets, which then start full: the limit guards against a busy
// prober, the prefix list against strangers.
constexpr size_t kSets = 4096;
constexpr size_t kWays = 4;

size_t set_of(const AddressBytes& source) {
  uint64_t halves[2];
  std::memcpy(halves, source.data(), sizeof halves);
  return mix(mix(halves[0]) ^ halves[1]) % kSets;
}

}  // namespace

RateLimiter::RateLimiter(double per_second) : per_second_(per_second) {
  if (per_second_ <= 0) return;
  buckets_.reset(static_cast<Bucket*>(std::calloc(kSets * kWays, sizeof(Bucket))));
  // As `new` would.
  if (!buckets_) std::abort();
}

bool RateLimiter::allow(const AddressBytes& source, int64_t now_ns) {
  if (per_second_ <= 0) return true;
  Bucket& bucket = find(source);
  const double capacity = std::max(1.0, per_second_);
  if (bucket.updated_ns == 0 || bucket.source != source) {
    bucket = {source, now_ns, capacity};
  } else {
    const double elapsed_s = static_cast<double>(now_ns - bucket.updated_ns) / kNsPerS;
    bucket.tokens = std::min(capacity, bucket.tokens + elapsed_s * per_second_);
    bucket.updated_ns = now_ns;
  }
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

RateLimiter::Bucket& RateLimiter::find(const AddressBytes& source) {
  Bucket* const set = buckets_.get() + set_of(source) * kWays;
  Bucket* oldest = set;
  for (Bucket* bucket = set; bucket != set + kWays; ++bucket) {
    if (bucket->updated_ns != 0 && bucket->source == source) return *bucket;
    if (bucket->updated_ns < oldest->updated_ns) oldest = bucket;
  }
  return *oldest;
}

}  // namespace weft
