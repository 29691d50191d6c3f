// Commands from another process. The library connects to the test, not the test to it: so the test knows when it is
// there, and which of its processes it speaks to.

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "fake_verbs.h"

namespace fake_verbs {

namespace {

constexpr size_t kAnswerBytes = 64 * 1024;

bool send_all(int fd, const std::string &text) {
  for (size_t sent = 0; sent < text.size();) {
    const ssize_t n = send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (n < 0) return false;
    sent += static_cast<size_t>(n);
  }
  return true;
}

std::string answer_to(const std::string &command) {
  std::string answer(kAnswerBytes, '\0');
  const int error = fake_verbs_command(command.c_str(), answer.data(), answer.size());
  answer.resize(std::strlen(answer.c_str()));
  return (error == 0 ? "ok " : std::string("error ") + strerrorname_np(error) + " ") + answer + "\n";
}

// Until the test closes its end.
void serve(int fd) {
  prctl(PR_SET_NAME, "fake-control");
  std::string received;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
    if (n <= 0) break;
    received.append(buffer.data(), static_cast<size_t>(n));
    for (size_t end; (end = received.find('\n')) != std::string::npos; received.erase(0, end + 1)) {
      if (!send_all(fd, answer_to(received.substr(0, end)))) break;
    }
  }
  close(fd);
}

int connect_to(const char *path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (std::strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  std::strcpy(address.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (connect(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

// As the library is loaded. Signals are for the threads of the program.
__attribute__((constructor)) void connect_to_test() {
  const char *const path = std::getenv("FAKE_VERBS_CONTROL");
  if (path == nullptr || *path == '\0') return;
  const int fd = connect_to(path);
  if (fd < 0) {
    std::fprintf(stderr, "FAKE_VERBS_CONTROL: %s: %s\n", path, std::strerror(errno));
    std::abort();
  }
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread(serve, fd).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

}  // namespace fake_verbs
