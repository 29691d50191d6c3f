#include "base/wakeup.h"

#include <sys/eventfd.h>

#include <cstdint>

namespace weft {

Result<Wakeup> Wakeup::create() {
  UniqueFd fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd.valid()) return Error::last("eventfd");
  return Wakeup(std::move(fd));
}

// The counter can only fail to grow when it is full, and then the poller wakes anyway.
void Wakeup::signal() const {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &one, sizeof one);
}

void Wakeup::drain() const {
  uint64_t count;
  [[maybe_unused]] const ssize_t taken = ::read(fd_.get(), &count, sizeof count);
}

}  // namespace weft
