// One accepted connection whose bytes go back to where they came from. Destroying it resets it, unless both ends had
// closed it in order. Move-only; not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/unique_fd.h"

namespace weft {

class EchoConnection {
 public:
  // What one connection is echoed at most: several times the largest payload of a probe (8 972 bytes).
  static constexpr size_t kMaxBytes = 64 << 10;

  enum class State : uint8_t {
    kOpen,  // until the next edge of readiness, either way
    kMore,  // there may be more to do already: others first, then call again
    kEnded,
    kOverlong,
  };

  // Shared by connections: between two calls nothing is kept in it.
  using Scratch = std::array<uint8_t, 16 << 10>;

  struct Progress {
    State state;
    size_t bytes;  // echoed by this call
  };

  EchoConnection() = default;
  // `fd`: a non-blocking TCP socket with SO_LINGER of 0 s.
  explicit EchoConnection(UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }

  // Echoes what has come and can be sent, up to twice a scratch.
  Progress echo(Scratch& scratch);

 private:
  State advance(Scratch& scratch);
  State finish();

  UniqueFd fd_;
  size_t echoed_ = 0;
  bool finishing_ = false;  // the peer has sent its last byte, and we ours
};

}  // namespace weft
