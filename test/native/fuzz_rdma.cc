// Fuzz target over all that reads what strangers and NICs wrote: decode,
// parse_grh, parse_gid, CompletionClock and take_answered. With clang: clang++
// -fsanitize=fuzzer,address,undefined -Inative/src -Itest/native
// test/native/fuzz_rdma.cc native/src/… Without: fuzz_main.cc drives it.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "check.h"
#include "rdma/completion_clock.h"
#include "rdma/delay.h"
#include "rdma/grh.h"
#include "rdma/payload.h"

namespace weft::test {

namespace {

// In memory of its own and of exactly its size: the sanitizer sees every byte
// too many.
std::unique_ptr<uint8_t[]> copy_of(Bytes bytes) {
  std::unique_ptr<uint8_t[]> copy(new uint8_t[bytes.size]);
  if (bytes.size > 0) std::memcpy(copy.get(), bytes.data, bytes.size);
  return copy;
}

// What is understood is what comes out again, but for unknown flags and the
// reserved bytes.
void check_payload(Bytes bytes) {
  const auto copy = copy_of(bytes);
  const auto payload = decode({copy.get(), bytes.size});
  if (!payload) return;
  constexpr size_t kFlagsAt = 3;
  constexpr size_t kReservedAt = 36;
  std::unique_ptr<uint8_t[]> again(new uint8_t[kPayloadBytes]);
  encode(*payload, again.get());
  CHECK_EQ(again[kFlagsAt] & ~(kStoodStill | kQueueRanEmpty | kHardwareStamps), 0);
  again[kFlagsAt] = bytes.data[kFlagsAt];
  CHECK(std::memcmp(again.get(), bytes.data, kReservedAt) == 0);
}

void check_gid(const Gid &gid) { CHECK(parse_gid(gid_text(gid).c_str()) == gid); }

void check_grh(Bytes bytes) {
  if (bytes.size < kGrhBytes) return;
  const auto copy = copy_of(bytes.first(kGrhBytes));
  const auto grh = parse_grh(copy.get());
  if (!grh) return;
  CHECK(grh->flow_label <= 0xf'ffff);
  // The source is what an answer goes to: taken from the packet, nothing else.
  const size_t size = grh->ipv4 ? 4 : 16;
  const size_t at = grh->ipv4 ? 32 : 8;
  CHECK(std::equal(bytes.data + at, bytes.data + at + size, grh->source.end() - static_cast<long>(size)));
  check_gid(grh->source);
  check_gid(grh->destination);
}

void check_gid_text(Bytes bytes) {
  const std::string text(reinterpret_cast<const char *>(bytes.data), bytes.size);
  if (const auto gid = parse_gid(text.c_str())) check_gid(*gid);
}

// Where CompletionClock holds what is larger.
constexpr int64_t kHeldNs = (int64_t{1} << 62) - 1;

// Bits of the mask, kHz, stamps.
void check_clock(Bytes bytes) {
  if (bytes.size < 5) return;
  const int bits = 1 + bytes.data[0] % 64;
  const uint64_t mask = UINT64_MAX >> (64 - bits);
  CompletionClock clock = CompletionClock::ticks(mask, uint64_t{get_u32(bytes.data + 1)} + 1);
  int64_t last_ns = 0;
  uint64_t last = 0;
  for (size_t at = 5; at + 8 <= bytes.size; at += 8) {
    const uint64_t stamp = get_u64(bytes.data + at);
    const int64_t ns = clock.ns(stamp);
    const int64_t step = ns - last_ns;  // UBSan: never overflows
    const bool later = ((stamp - last) & mask) < ((last - stamp) & mask);
    if (at == 5) {
      CHECK_EQ(ns, 0);
    } else {
      CHECK(later ? step >= 0 : step <= 0);
      const int64_t half_turn_ns = clock.half_turn_ns();
      if (half_turn_ns < kHeldNs) CHECK(std::abs(step) <= half_turn_ns + 1);
    }
    last = stamp;
    last_ns = ns;
  }
}

// Flags, T1 and the time to T6 as the host's clock has them, T2 to T5 as
// anything.
void check_delay(Bytes bytes) {
  if (bytes.size < 48) return;
  const auto bit = [&](int n) { return (bytes.data[0] >> n & 1) != 0; };
  const auto stamp = [&](int n) -> std::optional<int64_t> {
    if (!bit(n)) return std::nullopt;
    return static_cast<int64_t>(get_u64(bytes.data + 8 + 8 * n));
  };
  RdmaStamps stamps;
  stamps.t1_ns = get_u32(bytes.data + 40);
  stamps.t6_ns = stamps.t1_ns + get_u32(bytes.data + 44);
  stamps.t2_ns = stamp(0);
  stamps.t3_ns = stamp(1);
  stamps.t4_ns = stamp(2);
  stamps.t5_ns = stamp(3);
  stamps.hardware = bit(4);
  stamps.stood_still_here = bit(5);
  stamps.stood_still_there = bit(6);
  stamps.timeout_ns = get_u32(bytes.data + 1);
  Record record = record_of(1, 2, 3, 4, ProbeResult::kTimeout);
  take_answered(record, stamps);
  if (record.result == ProbeResult::kInvalid) return;
  CHECK_EQ(record.result, ProbeResult::kSuccess);
  for (const double delay : {record.network_rtt_ns, record.prober_delay_ns, record.responder_delay_ns}) {
    CHECK(std::isnan(delay) || (delay >= 0 && delay <= record.program_rtt_ns * 1.0001 + 1'000));
  }
}

}  // namespace

}  // namespace weft::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const weft::Bytes bytes{data, size};
  weft::test::check_payload(bytes);
  weft::test::check_grh(bytes);
  weft::test::check_gid_text(bytes);
  weft::test::check_clock(bytes);
  weft::test::check_delay(bytes);
  return 0;
}
