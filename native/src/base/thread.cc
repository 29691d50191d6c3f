#include "base/thread.h"

#include <memory>

namespace weft {

namespace {

struct Start {
  const char* name;
  std::function<void()> run;
};

void* run_thread(void* argument) {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  pthread_setname_np(pthread_self(), start->name);
  start->run();
  return nullptr;
}

}  // namespace

Result<Thread> Thread::start(const char* name, std::function<void()> run) {
  auto start = std::make_unique<Start>(Start{name, std::move(run)});
  pthread_t thread;
  const int error = pthread_create(&thread, nullptr, run_thread, start.get());
  if (error != 0) return Error{error, "pthread_create"};
  start.release();  // the thread's now
  return Thread(thread);
}

Thread& Thread::operator=(Thread&& other) noexcept {
  if (this == &other) return *this;
  join();
  thread_ = std::exchange(other.thread_, std::nullopt);
  return *this;
}

void Thread::detach() {
  if (thread_) pthread_detach(*thread_);
  thread_.reset();
}

void Thread::join() {
  if (thread_) pthread_join(*thread_, nullptr);
  thread_.reset();
}

}  // namespace weft
