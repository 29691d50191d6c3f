#include "faults.h"

#include <algorithm>
#include <cmath>

#include "settings.h"

namespace fake_verbs {

namespace {

struct ActionName {
  const char *name;
  Action action;
};

constexpr ActionName kActions[] = {
    {"drop", Action::kDrop},
    {"duplicate", Action::kDuplicate},
    {"delay", Action::kDelay},
    {"send_error", Action::kSendError},
    {"lose_completion", Action::kLoseCompletion},
    {"delay_completion", Action::kDelayCompletion},
    {"complete_twice", Action::kCompleteTwice},
    {"receive_error", Action::kReceiveError},
    {"starve", Action::kStarve},
    {"flood", Action::kFlood},
    {"hide_grh", Action::kHideGrh},
    {"before_arming", Action::kBeforeArming},
};

bool at_receiver(Action action) { return action >= Action::kReceiveError; }

// One `key=value`. Returns whether it is understood.
bool take(FaultRule &rule, std::string_view key, std::string_view value) {
  uint64_t integer = 0;
  double number = 0;
  const bool is_integer = parse_integer(value, integer);
  const bool is_number = parse_number(value, number);
  if (key == "p" && is_number && number >= 0 && number <= 1) rule.probability = number;
  else if (key == "count" && is_integer && integer > 0) rule.left = integer;
  else if (key == "from" && is_integer) rule.from_qpn = static_cast<uint32_t>(integer);
  else if (key == "to" && is_integer) rule.to_qpn = static_cast<uint32_t>(integer);
  else if (key == "flow" && is_integer) rule.flow_label = static_cast<uint32_t>(integer);
  else if (key == "us" && is_number && number >= 0) rule.delay_ns = std::llround(number * 1000);
  else if (key == "status" && is_integer && integer > 0 && integer <= IBV_WC_TM_RNDV_INCOMPLETE)
    rule.status = static_cast<ibv_wc_status>(integer);
  else if (key == "keep" && is_integer && integer <= 1) rule.keeps_state = integer == 1;
  else if (key.substr(0, 4) == "byte" && is_integer && integer <= 0xff) {
    uint64_t offset = 0;
    if (!parse_integer(key.substr(4), offset)) return false;
    rule.bytes.emplace_back(offset, static_cast<uint8_t>(integer));
  } else return false;
  return true;
}

void enact(const FaultRule &rule, Fate &fate) {
  switch (rule.action) {
    case Action::kDrop:
      fate.drop = true;
      break;
    case Action::kDuplicate:
      fate.duplicate = true;
      break;
    case Action::kDelay:
      fate.delay_ns += rule.delay_ns;
      break;
    case Action::kSendError:
    case Action::kReceiveError:
      fate.status = rule.status;
      fate.keeps_state = rule.keeps_state;
      break;
    case Action::kLoseCompletion:
      fate.lose_completion = true;
      break;
    case Action::kDelayCompletion:
      fate.completion_delay_ns += rule.delay_ns;
      break;
    case Action::kCompleteTwice:
      fate.second_completion = rule.status;
      break;
    case Action::kStarve:
      fate.starve = true;
      break;
    case Action::kFlood:
      fate.flood = true;
      break;
    case Action::kHideGrh:
      fate.hide_grh = true;
      break;
    case Action::kBeforeArming:
      fate.before_arming = true;
      break;
  }
}

}  // namespace

bool FaultRule::matches(const Packet &packet) const {
  if (from_qpn && *from_qpn != packet.from_qpn) return false;
  if (to_qpn && *to_qpn != packet.to_qpn) return false;
  if (flow_label && *flow_label != packet.flow_label) return false;
  return std::all_of(bytes.begin(), bytes.end(), [&](const auto &byte) {
    return byte.first < packet.payload.size() && packet.payload[byte.first] == byte.second;
  });
}

std::string FaultRules::add(const std::vector<std::string_view> &words, unsigned &id) {
  if (words.empty()) return "which fault?";
  const auto *const known =
      std::find_if(std::begin(kActions), std::end(kActions), [&](const ActionName &a) { return words[0] == a.name; });
  if (known == std::end(kActions)) return "no fault is called " + std::string(words[0]);
  FaultRule rule;
  rule.action = known->action;
  bool by_chance = false;
  bool counted = false;
  for (size_t i = 1; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    if (equals == std::string_view::npos || !take(rule, words[i].substr(0, equals), words[i].substr(equals + 1))) {
      return "not understood: " + std::string(words[i]);
    }
    by_chance = by_chance || words[i].substr(0, equals) == "p";
    counted = counted || words[i].substr(0, equals) == "count";
  }
  if (by_chance && !counted) rule.left.reset();
  rule.id = id = next_id_++;
  rules_.push_back(std::move(rule));
  return "";
}

Fate FaultRules::apply(const Packet &packet, weft::test::Random &random, bool receiving) {
  Fate fate;
  for (FaultRule &rule : rules_) {
    if (at_receiver(rule.action) != receiving || !rule.matches(packet) || !happens(rule.probability, random)) continue;
    enact(rule, fate);
    if (rule.left) --*rule.left;
  }
  const auto spent = [](const FaultRule &rule) { return rule.left && *rule.left == 0; };
  rules_.erase(std::remove_if(rules_.begin(), rules_.end(), spent), rules_.end());
  return fate;
}

bool happens(double probability, weft::test::Random &random) {
  if (probability >= 1) return true;
  if (probability <= 0) return false;
  return static_cast<double>(random.next() >> 11) * 0x1p-53 < probability;
}

}  // namespace fake_verbs
