#include <string_view>

#include "fuzz_driver.h"

namespace weft::test {

namespace {

ByteVector text(std::string_view characters) { return {characters.begin(), characters.end()}; }

}  // namespace

// Every input goes to every reader: see fuzz_rdma.cc for what each takes it
// for.
std::vector<ByteVector> corpus() {
  return {
      // A probe and an ACK2.
      from_hex("01000000 a1a2a3a400000007 0000000000000000 0000000000000000 0000000000000000 00000000"),
      from_hex("01010203 a1a2a3a400000007 0000000000000000 1112131415161718 2122232425262728 00000000"),
      // GRHs: RoCE v2 over IPv4, over IPv6, and an IPv4 header behind an old IPv6 one.
      from_hex("00000000 00000000 00000000 00000000 00000000 4568005c de124000 40114814 0a000002 0a000001"),
      from_hex("6681234a 00481140 fe800000 00000000 505400ff fe000002 fe800000 00000000 505400ff fe000001"),
      from_hex("6681234a 00481140 fe800000 00000000 505400ff 4568005c de124000 40114814 0a000002 0a000001"),
      text("10.0.0.3"),
      text("fe80::248a:703:b3:4a5c"),
      text("::ffff:10.0.0.3"),
      // A clock of 48 bits and 1 GHz about its wrap; one of 32 bits and 156.25 MHz.
      from_hex("2f 000f423f 0000fffffffffff0 0000000000000010 0000fffffffffff8 0000000000000100"),
      from_hex("1f 00026259 00000000ffffff00 0000000000000100 0000000080000000 0000000000000000"),
      // An exchange with all stamps: T2 = 10 us, T3, T4 = T3 + 50 us, T5 = 110 us; T1 = 0, T6 = 150 us.
      from_hex("1f 000f4240 000000 0000000000002710 0000000000000000 000000000000c350 000000000001adb0"
               "00000000 000249f0"),
  };
}

// Writes a number as stamps have them at the edges, on a boundary of theirs.
void mutate_structure(Random &random, ByteVector &bytes) {
  static const uint64_t kEdges[] = {0, 1, 0x7fff'ffff, 0x8000'0000, 0xffff'ffff, INT64_MAX, uint64_t{1} << 63,
                                    UINT64_MAX};
  static const size_t kHeads[] = {0, 4, 5, 8};
  const size_t at = kHeads[random.below(std::size(kHeads))] + 8 * random.below(6);
  if (bytes.size() < at + 8) bytes.resize(at + 8);
  put_u64(bytes.data() + at, kEdges[random.below(std::size(kEdges))] + random.below(5) - 2);
}

}  // namespace weft::test
