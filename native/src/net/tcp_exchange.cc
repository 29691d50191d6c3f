#include "net/tcp_exchange.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/socket_address.h"

namespace weft {

namespace {

constexpr size_t kOffsets = 256;
constexpr size_t kReceiveBytes = 16 << 10;
using Pattern = std::array<uint8_t, TcpExchange::kMaxPayloadBytes + kOffsets>;

// Bytes without a period that a device could compress or a broken one could repeat unseen.
const Pattern& pattern() {
  static const Pattern bytes = [] {
    Pattern filled{};
    for (size_t i = 0; i < filled.size(); ++i) filled[i] = static_cast<uint8_t>(mix(i + 1));
    return filled;
  }();
  return bytes;
}

bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

TcpExchange TcpExchange::echo(uint16_t payload_bytes, uint32_t seed) {
  TcpExchange exchange;
  exchange.to_send_ = std::min<uint32_t>(payload_bytes, kMaxPayloadBytes);
  exchange.pattern_offset_ = static_cast<uint16_t>(seed % kOffsets);
  return exchange;
}

TcpExchange TcpExchange::http(HttpRequest request, uint16_t expected_status) {
  TcpExchange exchange;
  exchange.to_send_ = static_cast<uint32_t>(request->size());
  exchange.request_ = std::move(request);
  exchange.expected_status_ = expected_status;
  return exchange;
}

const uint8_t* TcpExchange::outgoing() const {
  return request_ ? request_->data() : pattern().data() + pattern_offset_;
}

Exchange TcpExchange::advance(int fd) {
  if (started_ns_ == 0) started_ns_ = monotonic_ns();
  if (const Exchange failed = send(fd); failed != Exchange::kNone) return failed;
  uint8_t buffer[kReceiveBytes];
  const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
  if (size < 0) return would_block(errno) ? Exchange::kNone : Exchange::kReset;
  // The peer has ended the connection: too early, or this would be over.
  if (size == 0) return received_ == 0 || !request_ ? Exchange::kReset : Exchange::kInvalid;
  const int64_t now_ns = monotonic_ns();
  const auto bytes = static_cast<size_t>(size);
  return request_ ? take_answer(buffer, bytes, now_ns) : take_echo(buffer, bytes, now_ns);
}

Exchange TcpExchange::send(int fd) {
  if (!wants_write()) return Exchange::kNone;
  const ssize_t size = ::send(fd, outgoing() + sent_, to_send_ - sent_, MSG_NOSIGNAL);
  if (size < 0) return would_block(errno) ? Exchange::kNone : Exchange::kReset;
  sent_ += static_cast<uint32_t>(size);
  return Exchange::kNone;
}

Exchange TcpExchange::take_echo(const uint8_t* bytes, size_t size, int64_t now_ns) {
  // More than was sent is as wrong as something else.
  if (size > sent_ - received_ || std::memcmp(bytes, outgoing() + received_, size) != 0) return Exchange::kInvalid;
  received_ += static_cast<uint32_t>(size);
  if (received_ < to_send_) return Exchange::kNone;
  ended_ns_ = now_ns;
  return Exchange::kSuccess;
}

Exchange TcpExchange::take_answer(const uint8_t* bytes, size_t size, int64_t now_ns) {
  if (received_ == 0) ended_ns_ = now_ns;
  const size_t taken = std::min(size, kStatusLineBytes - received_);
  std::memcpy(status_line_ + received_, bytes, taken);
  received_ += static_cast<uint32_t>(taken);
  if (received_ < kStatusLineBytes) return Exchange::kNone;
  http_status_ = parse_http_status(status_line_, received_);
  return http_status_ == expected_status_ ? Exchange::kSuccess : Exchange::kInvalid;
}

uint16_t parse_http_status(const uint8_t* line, size_t size) {
  constexpr char kVersion[] = "HTTP/1.";
  constexpr size_t kVersionBytes = sizeof kVersion - 1;
  constexpr size_t kStatusAt = kVersionBytes + 2;  // minor version and a space
  if (size < kStatusAt + 3 || std::memcmp(line, kVersion, kVersionBytes) != 0) return 0;
  if (!is_digit(line[kVersionBytes]) || line[kVersionBytes + 1] != ' ') return 0;
  uint16_t status = 0;
  for (size_t i = kStatusAt; i < kStatusAt + 3; ++i) {
    if (!is_digit(line[i])) return 0;
    status = static_cast<uint16_t>(status * 10 + (line[i] - '0'));
  }
  return status;
}

}  // namespace weft
