// Descriptors behind channels and contexts: readable while there are events, blocking or not as the program sets them.
#pragma once

namespace fake_verbs {

// -1 and errno on failure.
int make_event_fd();
void close_event_fd(int fd);
void signal_event(int fd);
// Takes one event; false and errno when it cannot. Blocks like read(2): REQUIRES that no lock is held.
bool wait_event(int fd);

}  // namespace fake_verbs
