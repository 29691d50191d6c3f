#include "fuzz_driver.h"
#include "net/probe_packet.h"
#include "packet_builder.h"

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

size_t base_of(const ByteVector &bytes) { return 1 + base_bytes((bytes[0] & 1) != 0); }

}  // namespace

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

// Inserts a TLV.
void mutate_structure(Random &random, ByteVector &bytes) {
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

}  // namespace weft::test
