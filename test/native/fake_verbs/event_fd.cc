#include "event_fd.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace fake_verbs {

int make_event_fd() { return eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC); }

void close_event_fd(int fd) { close(fd); }

void signal_event(int fd) { eventfd_write(fd, 1); }

bool wait_event(int fd) {
  eventfd_t one = 0;
  return eventfd_read(fd, &one) == 0;
}

}  // namespace fake_verbs
