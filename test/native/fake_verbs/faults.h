// What goes wrong with packets: rules of a device, for what it sends or receives. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "random.h"
#include "verbs_abi.h"

namespace fake_verbs {

// A datagram on the wire, with what its headers say.
struct Packet {
  unsigned from_device = 0;
  uint32_t from_qpn = 0;
  uint32_t to_qpn = 0;
  uint32_t qkey = 0;
  uint16_t pkey = 0;
  bool global = false;  // has a GRH
  ibv_gid sgid{};
  ibv_gid dgid{};
  uint16_t slid = 0;
  uint16_t dlid = 0;
  uint32_t flow_label = 0;
  uint16_t udp_source_port = 0;  // 0 on InfiniBand
  uint8_t traffic_class = 0;
  uint8_t hop_limit = 0;
  uint8_t sl = 0;
  bool solicited = false;
  int64_t sent_ns = 0;
  std::vector<uint8_t> payload;
};

enum class Action {
  kDrop,
  kDuplicate,
  kDelay,
  kSendError,
  kLoseCompletion,
  kDelayCompletion,
  kCompleteTwice,
  kReceiveError,  // from here on for what is received
  kStarve,
  kFlood,
  kHideGrh,
  kBeforeArming,
};

struct FaultRule {
  unsigned id = 0;
  Action action = Action::kDrop;
  double probability = 1;
  std::optional<uint64_t> left = 1;  // packets; none: without end
  std::optional<uint32_t> from_qpn;
  std::optional<uint32_t> to_qpn;
  std::optional<uint32_t> flow_label;
  std::vector<std::pair<size_t, uint8_t>> bytes;  // offset in the payload, value
  int64_t delay_ns = 0;
  ibv_wc_status status = IBV_WC_GENERAL_ERR;
  bool keeps_state = false;

  bool matches(const Packet &packet) const;
};

// What becomes of one packet.
struct Fate {
  bool drop = false;
  bool duplicate = false;
  int64_t delay_ns = 0;
  bool lose_completion = false;
  int64_t completion_delay_ns = 0;
  std::optional<ibv_wc_status> second_completion;
  bool starve = false;
  bool flood = false;
  bool hide_grh = false;
  bool before_arming = false;
  ibv_wc_status status = IBV_WC_SUCCESS;
  bool keeps_state = false;
};

class FaultRules {
 public:
  // Returns what is wrong with the words, or nothing; `id` is that of the new rule.
  std::string add(const std::vector<std::string_view> &words, unsigned &id);
  void clear() { rules_.clear(); }

  Fate of_sent(const Packet &packet, weft::test::Random &random) { return apply(packet, random, false); }
  Fate of_received(const Packet &packet, weft::test::Random &random) { return apply(packet, random, true); }

 private:
  Fate apply(const Packet &packet, weft::test::Random &random, bool receiving);

  std::vector<FaultRule> rules_;
  unsigned next_id_ = 1;
};

// True with this probability.
bool happens(double probability, weft::test::Random &random);

}  // namespace fake_verbs
