#include "net/delay_line.h"

#include "check.h"

namespace weft::test {

namespace {

const uint8_t kProbe[] = {1, 2, 3};

bool hold_at(DelayLine &line, int64_t now_ns, const ReceiveControl &control = {}) {
  return line.hold({kProbe, sizeof kProbe}, SocketAddress{}, control, {now_ns, now_ns + kNsPerS, 0});
}

}  // namespace

TEST(delay_line_without_delays_holds_nothing) {
  CHECK(!DelayLine(FaultConfig{}).delays());
  CHECK_EQ(DelayLine(FaultConfig{}).next_due_ns(), INT64_MAX);
}

TEST(delay_line_moves_stamps_by_the_delay_of_the_network_alone) {
  FaultConfig faults;
  faults.network_delay_ns = 5;
  faults.responder_delay_ns = 20;
  DelayLine line(faults);
  ReceiveControl control;
  control.stamp.software_ns = 1'000;
  CHECK(hold_at(line, 100, control));
  const DelayLine::Held &held = line.front();
  CHECK_EQ(held.control.stamp.software_ns, 1'005);
  // A stamp that is not there stays away.
  CHECK_EQ(held.control.stamp.hardware_ns, 0);
  CHECK_EQ(held.received_ns, 105 + kNsPerS);
  CHECK_EQ(line.next_due_ns(), 125);
  CHECK_EQ(held.bytes.size(), sizeof kProbe);
}

TEST(delay_line_is_first_in_first_out_and_bounded) {
  FaultConfig faults;
  faults.responder_delay_ns = 10;
  DelayLine line(faults);
  int64_t held = 0;
  while (hold_at(line, held)) ++held;
  CHECK_EQ(held, 4'096);
  for (int64_t i = 0; i < held; ++i) {
    CHECK_EQ(line.next_due_ns(), i + 10);
    line.pop();
  }
  CHECK(hold_at(line, 1));
}

}  // namespace weft::test
