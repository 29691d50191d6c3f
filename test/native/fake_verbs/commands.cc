// The commands of fake_verbs.h.

#include <arpa/inet.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "async_events.h"
#include "completion_queue.h"
#include "fake_verbs.h"
#include "reports.h"
#include "world.h"

namespace fake_verbs {

namespace {

using Words = std::vector<std::string_view>;
using Devices = std::vector<Device *>;

struct Answer {
  int error = 0;
  std::string text;
};

Answer refuse(std::string reason, int error = EINVAL) { return {error, std::move(reason)}; }
Answer done_unless(std::string problem) { return problem.empty() ? Answer{} : refuse(std::move(problem)); }

Words split(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r\n";
  Words words;
  for (;;) {
    const size_t start = line.find_first_not_of(kBlank);
    if (start == std::string_view::npos) return words;
    line.remove_prefix(start);
    const std::string_view word = line.substr(0, line.find_first_of(kBlank));
    words.push_back(word);
    line.remove_prefix(word.size());
  }
}

Answer set(const Devices &devices, const Words &words) {
  if (words.size() != 2) return refuse("set DEV KEY VALUE");
  for (Device *const device : devices) {
    std::string problem = change_setting(device->settings, words[0], words[1]);
    if (!problem.empty()) return refuse(std::move(problem));
    if (words[0] == "seed") device->random = weft::test::Random(device->settings.seed * 1'000'003 + device->number);
  }
  return {};
}

Answer fault(const Devices &devices, const Words &words) {
  unsigned id = 0;
  for (Device *const device : devices) {
    std::string problem = device->faults.add(words, id);
    if (!problem.empty()) return refuse(std::move(problem));
  }
  return {0, std::to_string(id)};
}

Answer clear(const Devices &devices, const Words &) {
  for (Device *const device : devices) device->faults.clear();
  World::get().failures.clear();
  return {};
}

Answer event(const Devices &devices, const Words &words) {
  constexpr std::pair<const char *, ibv_event_type> kEvents[] = {
      {"port_err", IBV_EVENT_PORT_ERR},       {"port_active", IBV_EVENT_PORT_ACTIVE},
      {"device_fatal", IBV_EVENT_DEVICE_FATAL}, {"gid_change", IBV_EVENT_GID_CHANGE},
      {"lid_change", IBV_EVENT_LID_CHANGE},   {"pkey_change", IBV_EVENT_PKEY_CHANGE},
      {"sm_change", IBV_EVENT_SM_CHANGE},     {"client_reregister", IBV_EVENT_CLIENT_REREGISTER},
      {"cq_err", IBV_EVENT_CQ_ERR},
  };
  if (words.size() != 1) return refuse("event DEV NAME");
  const auto *const known =
      std::find_if(std::begin(kEvents), std::end(kEvents), [&](const auto &e) { return words[0] == e.first; });
  if (known == std::end(kEvents)) return refuse("no event is called " + std::string(words[0]));
  for (Device *const device : devices) {
    if (known->second == IBV_EVENT_PORT_ERR) device->port_state = IBV_PORT_DOWN;
    if (known->second == IBV_EVENT_PORT_ACTIVE) device->port_state = IBV_PORT_ACTIVE;
    if (known->second == IBV_EVENT_DEVICE_FATAL) kill_contexts(*device);
    else if (known->second == IBV_EVENT_CQ_ERR) raise_queue_events(*device);
    else raise_device_event(*device, known->second);
  }
  return {};
}

Answer remove(const Devices &devices, const Words &) {
  for (Device *const device : devices) {
    device->present = false;
    kill_contexts(*device);
  }
  return {};
}

Answer add(const Devices &devices, const Words &) {
  for (Device *const device : devices) {
    if (device->present) return refuse(std::string(device->verbs.name) + " is there", EEXIST);
    device->come_back();
  }
  return {};
}

bool parse_gid(const std::string &text, ibv_gid &gid) {
  if (text == "none") return true;
  if (inet_pton(AF_INET6, text.c_str(), gid.raw) == 1) return true;
  gid.raw[10] = gid.raw[11] = 0xff;
  return inet_pton(AF_INET, text.c_str(), gid.raw + 12) == 1;
}

Answer gid(const Devices &devices, const Words &words) {
  uint64_t index = 0;
  ibv_gid address{};
  if (words.size() != 2 || !parse_integer(words[0], index) || index >= kGids) return refuse("gid DEV INDEX ADDRESS");
  if (!parse_gid(std::string(words[1]), address)) return refuse("not an address: " + std::string(words[1]));
  for (Device *const device : devices) {
    device->gids[index].gid = address;
    raise_device_event(*device, IBV_EVENT_GID_CHANGE);
  }
  return {};
}

Answer pkey(const Devices &devices, const Words &words) {
  uint64_t index = 0;
  uint64_t value = 0;
  if (words.size() != 2 || !parse_integer(words[0], index) || index >= kPkeys || !parse_integer(words[1], value) ||
      value > 0xffff) {
    return refuse("pkey DEV INDEX VALUE");
  }
  for (Device *const device : devices) {
    device->pkeys[index] = static_cast<uint16_t>(value);
    raise_device_event(*device, IBV_EVENT_PKEY_CHANGE);
  }
  return {};
}

Answer clock(const Devices &devices, const Words &words) {
  double ns = 0;
  if (words.size() != 2 || words[0] != "jump" || !parse_number(words[1], ns)) return refuse("clock DEV jump NS");
  for (Device *const device : devices) device->clock.jump(static_cast<int64_t>(ns));
  return {};
}

Answer spurious(const Devices &devices, const Words &) {
  for (Device *const device : devices) {
    for (Context *const context : device->contexts) {
      for (const auto &[key, cq] : context->cqs) raise_event(*cq);
    }
  }
  return {};
}

Answer get(const Devices &devices, const Words &words) {
  Answer answer;
  std::string problem = report_counts(devices, words, answer.text);
  return problem.empty() ? answer : refuse(std::move(problem));
}

Answer qps(const Devices &devices, const Words &) { return {0, report_queue_pairs(devices)}; }
Answer packets(const Devices &devices, const Words &) { return {0, report_packets(devices)}; }
Answer pending(const Devices &, const Words &) { return {0, std::to_string(World::get().wire.under_way())}; }

// errno by its name or its number; 0 when it is none.
int parse_errno(std::string_view text) {
  uint64_t number = 0;
  if (parse_integer(text, number)) return number < 4096 ? static_cast<int>(number) : 0;
  for (int error = 1; error < 256; ++error) {
    const char *const name = strerrorname_np(error);
    if (name != nullptr && text == name) return error;
  }
  return 0;
}

Answer fail(const Words &words) {
  if (words.size() < 3) return refuse("fail CALL ERRNO [at=N] [times=M]");
  PlannedFailure planned;
  planned.call = words[1];
  planned.error = parse_errno(words[2]);
  if (planned.error == 0) return refuse("no errno: " + std::string(words[2]));
  for (size_t i = 3; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const bool is_at = word.substr(0, 3) == "at=" && parse_integer(word.substr(3), planned.at) && planned.at > 0;
    const bool is_times = word.substr(0, 6) == "times=" && parse_integer(word.substr(6), planned.times);
    if (!is_at && !is_times) return refuse("not understood: " + std::string(word));
  }
  World::get().failures.push_back(std::move(planned));
  return {};
}

Answer configure(const Words &words) {
  World &world = World::get();
  if (words.size() > 2) return refuse("configure SETTINGS, without blanks");
  if (world.in_use()) return refuse("a device is open, or a list of devices not freed", EBUSY);
  return done_unless(world.configure(words.size() == 2 ? words[1] : ""));
}

struct DeviceCommand {
  const char *name;
  Answer (*run)(const Devices &, const Words &);
};

constexpr DeviceCommand kDeviceCommands[] = {
    {"set", set},       {"get", get},     {"qps", qps},     {"packets", packets}, {"fault", fault}, {"clear", clear},
    {"event", event},   {"remove", remove}, {"add", add},   {"gid", gid},         {"pkey", pkey},   {"clock", clock},
    {"spurious", spurious}, {"pending", pending},
};

Answer run(const Words &words) {
  if (words.empty()) return refuse("no command");
  if (words[0] == "configure") return configure(words);
  if (words[0] == "fail") return fail(words);
  const auto *const known = std::find_if(std::begin(kDeviceCommands), std::end(kDeviceCommands),
                                         [&](const DeviceCommand &c) { return words[0] == c.name; });
  if (known == std::end(kDeviceCommands)) return refuse("no command is called " + std::string(words[0]));
  const std::string_view name = words.size() > 1 ? words[1] : "all";
  Devices devices;
  for (const auto &device : World::get().devices) {
    if (name == "all" || name == device->verbs.name) devices.push_back(device.get());
  }
  if (devices.empty()) return refuse("no device is called " + std::string(name), ENODEV);
  return known->run(devices, {words.begin() + std::min<ptrdiff_t>(2, static_cast<ptrdiff_t>(words.size())), words.end()});
}

}  // namespace

}  // namespace fake_verbs

int fake_verbs_command(const char *command, char *answer, size_t size) {
  const fake_verbs::Lock lock(fake_verbs::World::get().mutex);
  fake_verbs::World::get().wire.advance();
  const fake_verbs::Answer said = fake_verbs::run(fake_verbs::split(command));
  if (size > 0) std::snprintf(answer, size, "%s", said.text.c_str());
  return said.error;
}
