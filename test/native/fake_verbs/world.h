// All devices, the wire between them, and the one lock over everything.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "device.h"
#include "wire.h"

namespace fake_verbs {

// A verb that is to fail: `at` calls from now, `times` times (0: for ever).
struct PlannedFailure {
  std::string call;  // or "any"
  int error = 0;
  uint64_t at = 1;
  uint64_t times = 1;
};

class World {
 public:
  // Made at first use of FAKE_VERBS, and never destroyed: threads of the process may outlive its main.
  static World &get();

  // Returns what is wrong with the settings, or nothing. REQUIRES: lock held, no context open.
  std::string configure(std::string_view settings);

  // The errno with which this call on this context is to end, or 0. REQUIRES: lock held.
  int failure_of(const char *call, const Context &context);
  // Likewise of a call that knows a device only, or none.
  int planned_failure(const char *call, Device *device);

  Device *device(std::string_view name);
  bool in_use() const;

  std::mutex mutex;
  std::condition_variable acknowledged;  // completion or asynchronous events
  std::vector<std::unique_ptr<Device>> devices;
  uint32_t far_hosts = 0;  // there are, beside the devices
  std::vector<PlannedFailure> failures;
  Wire wire{*this};
  uint32_t next_handle = 1;
  unsigned device_lists = 0;  // not yet freed

 private:
  World();
};

using Lock = std::unique_lock<std::mutex>;

// `errno = error`, and the null pointer that goes with it.
std::nullptr_t fail_with(int error);

}  // namespace fake_verbs
