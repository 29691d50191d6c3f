#include "rdma/path_entropy.h"

#include <algorithm>
#include <vector>

#include "check.h"

namespace weft::test {

namespace {

constexpr uint16_t kFirstPort = 0xc000;

std::vector<uint16_t> ports_of(uint16_t paths) {
  std::vector<uint16_t> ports;
  for (uint16_t path = 0; path < paths; ++path) ports.push_back(source_port_of(flow_label_of(path)));
  std::sort(ports.begin(), ports.end());
  return ports;
}

}  // namespace

// Made by the formula of the kernel, include/rdma/ib_verbs.h.
TEST(source_port_of_a_flow_label) {
  CHECK_EQ(source_port_of(0), 0xc000);
  CHECK_EQ(source_port_of(0x00001), 0xc001);
  CHECK_EQ(source_port_of(0x03fff), 0xffff);
  CHECK_EQ(source_port_of(0x04000), 0xc001);
  CHECK_EQ(source_port_of(0x1234a), 0xe34e);
  CHECK_EQ(source_port_of(0xfffff), 0xffc0);
  CHECK_EQ(source_port_of(0xfff00000), 0xc000);  // a label has 20 bits
}

TEST(flow_labels_are_valid) {
  for (uint16_t path = 0; path < 16'383; ++path) {
    CHECK(flow_label_of(path) != 0);
    CHECK(flow_label_of(path) <= 0xf'ffff);
    CHECK_EQ(source_port_of(flow_label_of(path)), kFirstPort + flow_label_of(path));
  }
}

TEST(every_path_has_a_source_port_of_its_own) {
  for (const uint16_t paths : {2, 256, 16'383}) {
    const auto ports = ports_of(paths);
    CHECK(std::adjacent_find(ports.begin(), ports.end()) == ports.end());
  }
}

// No gap, that from the last port around to the first included, is longer than
// 2.25 times the even one.
TEST(source_ports_are_spread_over_the_range) {
  constexpr int kRange = 0x4000;
  for (uint16_t paths = 2; paths <= 256; ++paths) {
    const auto ports = ports_of(paths);
    int widest = ports.front() + kRange - ports.back();
    for (size_t i = 1; i < ports.size(); ++i) widest = std::max(widest, ports[i] - ports[i - 1]);
    CHECK(widest * paths * 4 <= kRange * 9);
  }
}

}  // namespace weft::test
