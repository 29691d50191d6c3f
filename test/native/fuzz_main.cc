// Drives the fuzz target where libFuzzer is not installed: mutates valid
// packets, the same way for the same seed. Arguments: iterations, seed.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "net/probe_packet.h"
#include "packet_builder.h"
#include "random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace weft::test {

namespace {

using namespace stamp;

// `circumstances`: see fuzz_stamp.cc.
ByteVector input(uint8_t circumstances, const ByteVector &packet) {
  ByteVector bytes = {circumstances};
  bytes.insert(bytes.end(), packet.begin(), packet.end());
  return bytes;
}

ByteVector weft_probe(const HmacKey *key, size_t payload_bytes) {
  ByteVector packet(kMaxProbeHeadBytes);
  const ProbeSize size = encode_probe(packet.data(), {1, 2, kOurErrorEstimate, 3}, false, payload_bytes, key);
  packet.resize(size.head);
  packet.resize(size.head + size.padding);
  return packet;
}

std::vector<ByteVector> corpus() {
  const HmacKey key = key_of("secret");
  std::vector<ByteVector> all;
  for (const HmacKey *const chosen : {static_cast<const HmacKey *>(nullptr), &key}) {
    const uint8_t circumstances = chosen != nullptr ? 0x0f : 0x0c;
    all.push_back(input(circumstances, ProbeBuilder(chosen).bytes()));
    all.push_back(input(circumstances, weft_probe(chosen, 0)));
    all.push_back(input(circumstances, weft_probe(chosen, 500)));
    ProbeBuilder many(chosen);
    for (int type = 1; type <= 10; ++type) many.tlv(static_cast<uint8_t>(type), static_cast<size_t>(type) * 2);
    all.push_back(input(circumstances, many.hmac_tlv(key).tlv(kHmac, 0).tlv(kExtraPadding, 9).bytes()));
  }
  return all;
}

size_t base_of(const ByteVector &bytes) { return 1 + base_bytes((bytes[0] & 1) != 0); }

void insert_tlv(Random &random, ByteVector &bytes) {
  static const uint8_t kTypes[] = {kExtraPadding, kFollowUpTelemetry, kHmac, kFollowUpRequest, 200};
  static const size_t kLengths[] = {0, 1, 15, 16, 17, 111, 112, 199, 200, 300};
  const size_t length = kLengths[random.below(std::size(kLengths))];
  ByteVector tlv(kTlvHeaderBytes + length, static_cast<uint8_t>(random.next()));
  encode_tlv_header(tlv.data(), kUnrecognized, kTypes[random.below(std::size(kTypes))], length);
  // At the end or at the start of the TLVs, where it stays whole.
  const bool at_end = bytes.size() <= base_of(bytes) || random.one_in(2);
  const size_t at = at_end ? bytes.size() : base_of(bytes);
  bytes.insert(bytes.begin() + static_cast<long>(at), tlv.begin(), tlv.end());
}

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
      insert_tlv(random, bytes);
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
  std::printf("%lu packets from seed %lu\n", iterations, seed);
  return 0;
}
