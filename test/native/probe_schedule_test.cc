#include "base/probe_schedule.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/clock.h"
#include "check.h"

namespace weft::test {

namespace {

constexpr int64_t kStart = 1'000 * kNsPerS;
constexpr uint32_t kSecondUs = 1'000'000;

TargetEntry entry(uint32_t id, uint32_t interval_us = kSecondUs, uint16_t paths = 1) {
  TargetEntry target{};
  target.id = id;
  target.port = 862;
  target.payload_bytes = 44;
  target.paths = paths;
  target.ttl = 64;
  target.interval_us = interval_us;
  target.timeout_us = 500'000;
  std::strcpy(target.address, "192.0.2.1");
  return target;
}

TargetTable entries(uint32_t count, uint32_t interval_us = kSecondUs) {
  TargetTable all;
  for (uint32_t id = 1; id <= count; ++id) all.entries.push_back(entry(id, interval_us));
  return all;
}

struct Due {
  int64_t at_ns;
  uint32_t id;
};

// Looks every `step_ns`, as the pump does.
std::vector<Due> run(ProbeSchedule &schedule, int64_t from_ns, int64_t until_ns, int64_t step_ns) {
  std::vector<Due> all;
  std::vector<uint32_t> slots;
  for (int64_t now = from_ns; now < until_ns; now += step_ns) {
    slots.clear();
    schedule.take_due(now, slots);
    for (const uint32_t slot : slots) {
      all.push_back({now, schedule[slot].id});
      ++schedule[slot].probes;
    }
  }
  return all;
}

// The largest number of probes in any hundredth of a second.
size_t largest_burst(const std::vector<Due> &all) {
  std::map<int64_t, size_t> counts;
  size_t largest = 0;
  for (const Due &due : all) largest = std::max(largest, ++counts[due.at_ns / (10 * kNsPerMs)]);
  return largest;
}

// The only target's place.
uint32_t only_slot(ProbeSchedule &schedule, int64_t at_ns) {
  std::vector<uint32_t> due;
  schedule.take_due(at_ns, due);
  CHECK_EQ(due.size(), 1);
  return due[0];
}

}  // namespace

TEST(schedule_spreads_targets_over_the_interval) {
  ProbeSchedule schedule(kStart);
  schedule.replace(entries(1'000), kStart);
  CHECK_EQ(schedule.size(), 1'000);
  CHECK_EQ(schedule.probes_per_second(), 1'000.0);
  const auto due = run(schedule, kStart, kStart + kNsPerS + 1, kNsPerMs);
  CHECK_EQ(due.size(), 1'000);
  CHECK(largest_burst(due) <= 13);
}

TEST(schedule_spreads_targets_that_come_one_after_another) {
  ProbeSchedule schedule(kStart);
  for (uint32_t count = 1; count <= 500; ++count) schedule.replace(entries(count), kStart);
  const auto due = run(schedule, kStart, kStart + kNsPerS, kNsPerMs);
  CHECK_EQ(due.size(), 500);
  CHECK(largest_burst(due) <= 8);
}

TEST(paths_begin_where_the_target_says_and_go_round) {
  ProbeSchedule schedule(kStart);
  TargetEntry target = entry(1, 1'000, 4);
  target.first_path = 254;
  schedule.replace({{target}, {}}, kStart);
  std::vector<uint32_t> due;
  schedule.take_due(kStart + kNsPerS, due);
  ProbeTarget& probed = schedule[due.front()];
  for (const uint16_t path : {254, 255, 0, 1, 254}) {
    CHECK_EQ(probed.path(), path);
    ++probed.probes;
  }
  // No sequence number of a path is used twice, wherever the paths move to.
  const uint32_t last = probed.sequence();
  target.first_path = 255;
  schedule.replace({{target}, {}}, kStart + kNsPerS);
  CHECK_EQ(probed.path(), 255);
  CHECK(probed.sequence() > last);
}

TEST(schedule_does_not_drift) {
  ProbeSchedule schedule(kStart);
  schedule.replace({{entry(1, 7'000)}, {}}, kStart);
  // A look every 1.3 ms is never in time, and still no probe is lost or late
  // for good.
  const auto due = run(schedule, kStart, kStart + 70 * kNsPerS, 1'300'000);
  CHECK(due.size() >= 9'999 && due.size() <= 10'000);
  CHECK_EQ(schedule.skipped(), 0);
  const int64_t first = due.front().at_ns;
  for (size_t i = 0; i < due.size(); ++i) {
    const int64_t off = due[i].at_ns - (first + static_cast<int64_t>(i) * 7 * kNsPerMs);
    CHECK(off >= -1'300'000 && off <= 1'300'000);
  }
}

TEST(schedule_skips_what_was_missed_and_counts_it) {
  ProbeSchedule schedule(kStart);
  schedule.replace(entries(10, 100'000), kStart);
  const auto before = run(schedule, kStart, kStart + kNsPerS, kNsPerMs);
  CHECK_EQ(before.size(), 100);
  // Ten seconds nobody looks: one probe of each target is due then, in its old
  // phase.
  const int64_t later = kStart + 11 * kNsPerS;
  const auto after = run(schedule, later, later + kNsPerS, kNsPerMs);
  CHECK_EQ(schedule.skipped(), 10 * 99);
  CHECK_EQ(after.size(), 10 + 100);
  std::map<uint32_t, int64_t> phase_before;
  for (const Due &due : before) phase_before[due.id] = due.at_ns % (100 * kNsPerMs);
  for (size_t i = 10; i < after.size(); ++i) {
    CHECK_EQ(after[i].at_ns % (100 * kNsPerMs), phase_before[after[i].id]);
  }
}

TEST(schedule_keeps_phase_sequence_and_session_of_known_targets) {
  ProbeSchedule schedule(kStart);
  schedule.replace({{entry(1)}, {}}, kStart);
  const int64_t due_ns = schedule.next_due_ns();
  const uint32_t slot = only_slot(schedule, due_ns);
  ProbeTarget &target = schedule[slot];
  target.probes = 3;
  const uint32_t sequence = target.sequence();
  const uint16_t ssid = target.ssid;
  TargetEntry changed = entry(1);
  changed.port = 863;
  changed.timeout_us = 1;
  changed.dscp = 46;
  changed.flags = kTargetPlain;
  schedule.replace({{entry(2), changed, entry(3)}, {}}, due_ns + 300 * kNsPerMs);
  const ProbeTarget &kept = schedule[slot];
  CHECK_EQ(kept.id, 1);
  CHECK_EQ(kept.sequence(), sequence);
  CHECK_EQ(kept.ssid, ssid);
  CHECK_EQ(kept.next_due_ns, due_ns + kNsPerS);
  CHECK_EQ(kept.address.port(), 863);
  CHECK_EQ(kept.timeout_ns, kNsPerUs);
  CHECK_EQ(kept.dscp, 46);
  CHECK(kept.plain);
}

// The safety limits stretch all intervals when a list grows, and shorten them
// when it shrinks.
TEST(schedule_stays_spread_when_all_intervals_change) {
  for (const uint32_t interval_us : {kSecondUs / 10, 10 * kSecondUs}) {
    ProbeSchedule schedule(kStart);
    schedule.replace(entries(1'000), kStart);
    const int64_t changed = kStart + 5 * kNsPerS / 2;
    run(schedule, kStart, changed, kNsPerMs);
    schedule.replace(entries(1'000, interval_us), changed);
    const int64_t interval_ns = interval_us * kNsPerUs;
    const auto due = run(schedule, changed, changed + interval_ns, kNsPerMs);
    CHECK(due.size() >= 985 && due.size() <= 1'005);
    CHECK(largest_burst(due) <= 13 * static_cast<size_t>(kNsPerS) / static_cast<size_t>(interval_ns) + 5);
  }
}

TEST(schedule_never_sends_a_sequence_number_twice_when_paths_change) {
  ProbeSchedule schedule(kStart);
  schedule.replace({{entry(1, 1'000)}, {}}, kStart);
  std::vector<uint32_t> due;
  std::map<uint16_t, std::set<uint32_t>> sent;
  int64_t now = kStart;
  for (const uint16_t paths : {1, 4, 2, 1, 8}) {
    schedule.replace({{entry(1, 1'000, paths)}, {}}, now);
    for (int i = 0; i < 50; ++i, now += kNsPerMs) {
      due.clear();
      schedule.take_due(now, due);
      for (const uint32_t slot : due) {
        ProbeTarget &target = schedule[slot];
        CHECK(target.path() < paths);
        CHECK(sent[target.path()].insert(target.sequence()).second);
        ++target.probes;
      }
    }
  }
  CHECK_EQ(sent.size(), 8);
}

TEST(every_path_is_a_session_without_gaps) {
  ProbeSchedule schedule(kStart);
  schedule.replace({{entry(1, 1'000, 3)}, {}}, kStart);
  std::vector<uint32_t> due;
  std::map<uint16_t, uint32_t> last;
  for (int64_t now = kStart; now < kStart + 100 * kNsPerMs; now += kNsPerMs) {
    due.clear();
    schedule.take_due(now, due);
    for (const uint32_t slot : due) {
      ProbeTarget &target = schedule[slot];
      const auto known = last.find(target.path());
      if (known != last.end()) CHECK_EQ(target.sequence(), known->second + 1);
      last[target.path()] = target.sequence();
      ++target.probes;
    }
  }
  CHECK_EQ(last.size(), 3);
}

TEST(schedule_drops_removed_targets_and_uses_their_places) {
  ProbeSchedule schedule(kStart);
  schedule.replace(entries(100), kStart);
  schedule.replace({{entry(7)}, {}}, kStart);
  CHECK_EQ(schedule.size(), 1);
  CHECK_EQ(schedule.probes_per_second(), 1.0);
  for (const Due &due : run(schedule, kStart, kStart + 2 * kNsPerS, kNsPerMs)) CHECK_EQ(due.id, 7);
  schedule.replace({}, kStart + 2 * kNsPerS);
  CHECK_EQ(schedule.next_due_ns(), TimerWheel::kNever);
  CHECK(run(schedule, kStart + 2 * kNsPerS, kStart + 4 * kNsPerS, kNsPerMs).empty());
}

TEST(schedule_takes_an_id_once) {
  ProbeSchedule schedule(kStart);
  schedule.replace({{entry(1), entry(1), entry(2)}, {}}, kStart);
  CHECK_EQ(schedule.size(), 2);
  CHECK_EQ(run(schedule, kStart, kStart + kNsPerS, kNsPerMs).size(), 2);
  schedule.replace({}, kStart + kNsPerS);
  CHECK(run(schedule, kStart + kNsPerS, kStart + 3 * kNsPerS, kNsPerMs).empty());
}

TEST(schedule_takes_what_makes_no_sense) {
  ProbeSchedule schedule(kStart);
  TargetEntry odd = entry(1, 0, 0);
  std::strcpy(odd.address, "not an address");
  schedule.replace({{odd}, {}}, kStart);
  const ProbeTarget &target = schedule[only_slot(schedule, kStart + kNsPerUs)];
  CHECK(!target.valid_address);
  CHECK_EQ(target.paths, 1);
  CHECK_EQ(target.interval_ns, kNsPerUs);
}

}  // namespace weft::test
