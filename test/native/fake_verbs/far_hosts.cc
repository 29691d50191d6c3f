#include "far_hosts.h"

#include <cstring>
#include <utility>

namespace fake_verbs {

namespace {

// The payload, written down a second time on purpose: see native/src/rdma/payload.h.
constexpr size_t kPayloadBytes = 40;
constexpr size_t kType = 1;
constexpr size_t kAck = 2;
constexpr size_t kFlags = 3;
constexpr size_t kT1 = 12;
constexpr size_t kT3 = 20;
constexpr size_t kT4 = 28;
constexpr uint8_t kVersion = 1;
constexpr uint8_t kIsAck = 1;
constexpr uint8_t kHardwareStamps = 4;

void put_ns(std::vector<uint8_t> &payload, size_t at, int64_t ns) {
  for (size_t i = 0; i < 8; ++i) payload[at + i] = static_cast<uint8_t>(static_cast<uint64_t>(ns) >> (56 - 8 * i));
}

bool is_probe(const Packet &packet) {
  return packet.to_qpn == kFarQpn && packet.payload.size() >= kPayloadBytes && packet.payload[0] == kVersion &&
         packet.payload[kType] == 0;
}

Packet answer(const Packet &probe, uint8_t ack, int64_t sent_ns) {
  Packet answer = probe;
  std::swap(answer.sgid, answer.dgid);
  answer.from_qpn = kFarQpn;
  answer.to_qpn = probe.from_qpn;
  answer.sent_ns = sent_ns;
  answer.payload.resize(kPayloadBytes);
  answer.payload[kType] = kIsAck;
  answer.payload[kAck] = ack;
  answer.payload[kFlags] = kHardwareStamps;
  put_ns(answer.payload, kT1, 0);
  return answer;
}

}  // namespace

bool is_far_host(const ibv_gid &gid, uint32_t count) {
  static constexpr uint8_t kPrefix[14] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1};
  const uint32_t number = static_cast<uint32_t>(gid.raw[14] << 8 | gid.raw[15]);
  return number < count && std::memcmp(gid.raw, kPrefix, sizeof kPrefix) == 0;
}

std::vector<Packet> answers_of_far_host(const Packet &packet, int64_t arrival_ns) {
  if (!is_probe(packet)) return {};
  const int64_t t4_ns = arrival_ns + kFarResponderNs;
  std::vector<Packet> answers = {answer(packet, 1, t4_ns), answer(packet, 2, t4_ns)};
  put_ns(answers[1].payload, kT3, arrival_ns);
  put_ns(answers[1].payload, kT4, t4_ns);
  return answers;
}

}  // namespace fake_verbs
