// A thread of the system, joined when it goes. std::thread throws when none can be made (TasksMax= of systemd, `ulimit
// -u`, pids.max of a container), and the addon is built without exceptions: the agent would abort.
#pragma once

#include <pthread.h>

#include <functional>
#include <optional>
#include <utility>

#include "base/result.h"

namespace weft {

class Thread {
 public:
  // `name`: at most 15 bytes, as `ps -L` shows it. Errors: pthread_create (EAGAIN: no more threads, or no memory for its
  // stack); what `run` holds is then destroyed before this returns.
  static Result<Thread> start(const char* name, std::function<void()> run);

  Thread(Thread&& other) noexcept : thread_(std::exchange(other.thread_, std::nullopt)) {}
  Thread& operator=(Thread&& other) noexcept;
  ~Thread() { join(); }

  // Goes on by itself.
  void detach();

 private:
  explicit Thread(pthread_t thread) : thread_(thread) {}

  void join();

  std::optional<pthread_t> thread_;
};

}  // namespace weft
