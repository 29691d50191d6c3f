// Ends another thread's ppoll. `signal` may be called from any thread, `drain` by the polling one.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace weft {

class Wakeup {
 public:
  static Result<Wakeup> create();

  int fd() const { return fd_.get(); }
  void signal() const;
  void drain() const;

 private:
  explicit Wakeup(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace weft
