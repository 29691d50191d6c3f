// Drives a fuzz target where libFuzzer is not installed: mutates the inputs of
// its corpus, the same way for the same seed. Arguments: iterations, seed.

#include <cstdio>
#include <cstdlib>

#include "fuzz_driver.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace weft::test {

namespace {

void mutate(Random &random, ByteVector &bytes) {
  if (bytes.empty()) bytes.push_back(0);
  const size_t at = random.below(bytes.size());
  switch (random.below(7)) {
    case 0:
      bytes[at] ^= static_cast<uint8_t>(1 << random.below(8));
      break;
    case 1:
      bytes[at] = static_cast<uint8_t>(random.next());
      break;
    case 2:
      bytes.resize(at);
      break;
    case 3:
      bytes.resize(bytes.size() + random.below(40), static_cast<uint8_t>(random.next()));
      break;
    case 4:
      bytes[0] = static_cast<uint8_t>(random.next());
      break;
    default:
      mutate_structure(random, bytes);
  }
}

}  // namespace

}  // namespace weft::test

int main(int argc, char **argv) {
  using namespace weft::test;
  const unsigned long iterations = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000;
  const unsigned long seed = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1;
  const auto seeds = corpus();
  Random random(seed);
  for (const ByteVector &bytes : seeds) LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  for (unsigned long i = 0; i < iterations; ++i) {
    ByteVector bytes = seeds[random.below(seeds.size())];
    for (uint64_t left = 1 + random.below(6); left > 0; --left) mutate(random, bytes);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  std::printf("%lu inputs from seed %lu\n", iterations, seed);
  return 0;
}
