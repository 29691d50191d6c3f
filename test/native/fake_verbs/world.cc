#include "world.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "far_hosts.h"

namespace fake_verbs {

namespace {

constexpr unsigned kDefaultDevices = 2;
constexpr uint64_t kMostDevices = 64;

// The device that `fake3.mtu` speaks of, or -1 for all.
bool split_key(std::string_view &key, int &number) {
  number = -1;
  const size_t dot = key.find('.');
  if (dot == std::string_view::npos) return true;
  uint64_t parsed = 0;
  if (key.substr(0, 4) != "fake" || !parse_integer(key.substr(4, dot - 4), parsed)) return false;
  if (parsed >= kMostDevices) return false;
  number = static_cast<int>(parsed);
  key = key.substr(dot + 1);
  return true;
}

}  // namespace

World &World::get() {
  static World *const world = new World();
  return *world;
}

World::World() {
  const char *const settings = std::getenv("FAKE_VERBS");
  const std::string problem = configure(settings != nullptr ? settings : "");
  if (problem.empty()) return;
  std::fprintf(stderr, "FAKE_VERBS: %s\n", problem.c_str());
  std::abort();
}

std::string World::configure(std::string_view text) {
  uint64_t count = kDefaultDevices;
  uint64_t far = 0;
  std::vector<Settings> settings(kMostDevices);
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos) return "not KEY=VALUE: " + std::string(item);
    std::string_view key = item.substr(0, equals);
    const std::string_view value = item.substr(equals + 1);
    if (key == "devices") {
      if (!parse_integer(value, count) || count > kMostDevices) return "devices cannot be " + std::string(value);
      continue;
    }
    if (key == "far_hosts") {
      if (!parse_integer(value, far) || far > kMostFarHosts) return "far_hosts cannot be " + std::string(value);
      continue;
    }
    int number = -1;
    if (!split_key(key, number)) return "no such device: " + std::string(key);
    for (int i = 0; i < static_cast<int>(kMostDevices); ++i) {
      if (number >= 0 && number != i) continue;
      const std::string problem = parse_setting(settings[static_cast<size_t>(i)], key, value);
      if (!problem.empty()) return problem;
    }
  }
  wire.clear();
  failures.clear();
  devices.clear();
  far_hosts = static_cast<uint32_t>(far);
  for (unsigned i = 0; i < count; ++i) devices.push_back(std::make_unique<Device>(i, settings[i]));
  return "";
}

int World::failure_of(const char *call, const Context &context) {
  if (context.dead) return EIO;
  return planned_failure(call, context.device);
}

int World::planned_failure(const char *call, Device *device) {
  for (PlannedFailure &planned : failures) {
    if (planned.call != "any" && planned.call != call) continue;
    if (planned.at > 1) {
      --planned.at;
      continue;
    }
    const int error = planned.error;
    if (planned.times > 0 && --planned.times == 0) {
      failures.erase(failures.begin() + (&planned - failures.data()));
    }
    if (device != nullptr) device->counters.add(Count::kPlannedFailures);
    return error;
  }
  return 0;
}

Device *World::device(std::string_view name) {
  for (const auto &device : devices) {
    if (name == device->verbs.name) return device.get();
  }
  return nullptr;
}

bool World::in_use() const {
  return device_lists > 0 ||
         std::any_of(devices.begin(), devices.end(), [](const auto &device) { return !device->contexts.empty(); });
}

std::nullptr_t fail_with(int error) {
  errno = error;
  return nullptr;
}

}  // namespace fake_verbs
