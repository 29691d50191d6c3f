// What a probe sends on its opened connection, and what has to come back: its payload as it was, or the status line of
// an HTTP answer. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/record.h"

namespace weft {

using HttpRequest = std::shared_ptr<const std::vector<uint8_t>>;

class TcpExchange {
 public:
  // Nothing to exchange.
  TcpExchange() = default;
  // `seed` makes one probe's payload differ from the next one's; at most kMaxPayloadBytes.
  static TcpExchange echo(uint16_t payload_bytes, uint32_t seed);
  static TcpExchange http(HttpRequest request, uint16_t expected_status);

  // As much as goes without blocking. Exchange::kNone: it goes on, when the socket is readable (or writable again, if
  // `wants_write`).
  Exchange advance(int fd);

  bool needed() const { return to_send_ > 0; }
  bool wants_write() const { return sent_ < to_send_; }
  // From before the first byte was sent to the last of the echo or the first of the answer. REQUIRES: kSuccess.
  int64_t took_ns() const { return ended_ns_ - started_ns_; }
  // 0 unless an HTTP answer came.
  uint16_t http_status() const { return http_status_; }

  static constexpr size_t kMaxPayloadBytes = 9000;

 private:
  // "HTTP/1.1 200"
  static constexpr size_t kStatusLineBytes = 12;

  Exchange send(int fd);
  Exchange take_echo(const uint8_t* bytes, size_t size, int64_t now_ns);
  Exchange take_answer(const uint8_t* bytes, size_t size, int64_t now_ns);
  const uint8_t* outgoing() const;

  HttpRequest request_;  // null: echo
  uint32_t to_send_ = 0;
  uint32_t sent_ = 0;
  uint32_t received_ = 0;
  uint16_t pattern_offset_ = 0;
  uint16_t expected_status_ = 0;
  uint16_t http_status_ = 0;
  int64_t started_ns_ = 0;
  int64_t ended_ns_ = 0;
  uint8_t status_line_[kStatusLineBytes] = {};
};

// The status of an HTTP/1 status line; 0 when `line` is none.
uint16_t parse_http_status(const uint8_t* line, size_t size);

}  // namespace weft
