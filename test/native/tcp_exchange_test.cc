#include "net/tcp_exchange.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

#include "base/unique_fd.h"
#include "check.h"

namespace weft::test {

namespace {

// A connection inside the process: `ours` does not block, `peer` does.
struct Pair {
  UniqueFd ours, peer;

  Pair() {
    int fds[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ours = UniqueFd(fds[0]);
    peer = UniqueFd(fds[1]);
    CHECK_EQ(fcntl(ours.get(), F_SETFL, O_NONBLOCK), 0);
  }

  std::string read(size_t bytes) const {
    std::string text(bytes, '\0');
    CHECK_EQ(recv(peer.get(), text.data(), bytes, MSG_WAITALL), static_cast<ssize_t>(bytes));
    return text;
  }
  void write(const std::string& text) const {
    CHECK_EQ(send(peer.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
};

constexpr uint16_t kPayload = 1000;

TcpExchange http(uint16_t status = 200) {
  const std::string request = "GET / HTTP/1.1\r\n\r\n";
  return TcpExchange::http(std::make_shared<std::vector<uint8_t>>(request.begin(), request.end()), status);
}

uint16_t status_of(const std::string& line) {
  return parse_http_status(reinterpret_cast<const uint8_t*>(line.data()), line.size());
}

}  // namespace

TEST(exchange_ends_with_the_last_byte_of_the_echo) {
  const Pair pair;
  TcpExchange exchange = TcpExchange::echo(kPayload, 7);
  CHECK(exchange.needed() && exchange.wants_write());
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kNone);
  CHECK(!exchange.wants_write());
  const std::string payload = pair.read(kPayload);
  pair.write(payload.substr(0, 1));
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kNone);
  pair.write(payload.substr(1, kPayload - 2));
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kNone);
  pair.write(payload.substr(kPayload - 1));
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kSuccess);
  CHECK(exchange.took_ns() > 0);
}

TEST(payloads_of_probes_in_a_row_differ) {
  const Pair pair;
  TcpExchange first = TcpExchange::echo(kPayload, 1), second = TcpExchange::echo(kPayload, 2);
  CHECK_EQ(first.advance(pair.ours.get()), Exchange::kNone);
  const std::string sent = pair.read(kPayload);
  CHECK_EQ(second.advance(pair.ours.get()), Exchange::kNone);
  CHECK(sent != pair.read(kPayload));
}

TEST(other_bytes_than_sent_are_invalid) {
  for (const size_t wrong : {size_t{0}, size_t{500}, size_t{kPayload - 1}}) {
    const Pair pair;
    TcpExchange exchange = TcpExchange::echo(kPayload, 0);
    CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kNone);
    std::string payload = pair.read(kPayload);
    payload[wrong] = static_cast<char>(payload[wrong] ^ 1);
    pair.write(payload);
    CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kInvalid);
  }
}

TEST(more_bytes_than_sent_are_invalid) {
  const Pair pair;
  TcpExchange exchange = TcpExchange::echo(kPayload, 0);
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kNone);
  pair.write(pair.read(kPayload) + "x");
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kInvalid);
}

TEST(exchange_that_the_peer_ends_is_a_reset) {
  Pair pair;
  TcpExchange echo = TcpExchange::echo(kPayload, 0), asked = http();
  CHECK_EQ(echo.advance(pair.ours.get()), Exchange::kNone);
  CHECK_EQ(asked.advance(pair.ours.get()), Exchange::kNone);
  pair.peer = UniqueFd();
  CHECK_EQ(echo.advance(pair.ours.get()), Exchange::kReset);
  CHECK_EQ(asked.advance(pair.ours.get()), Exchange::kReset);
}

TEST(echo_that_ends_too_early_is_a_reset) {
  Pair pair;
  TcpExchange exchange = TcpExchange::echo(kPayload, 0);
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kNone);
  pair.write(pair.read(kPayload).substr(0, 10));
  pair.peer = UniqueFd();
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kNone);
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kReset);
}

TEST(large_payload_goes_out_as_the_socket_takes_it) {
  const Pair pair;
  const int small = 4096;
  CHECK_EQ(setsockopt(pair.ours.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
  // What stands in the way until the peer reads.
  std::string before(1 << 20, '.');
  const ssize_t stuffed = send(pair.ours.get(), before.data(), before.size(), 0);
  CHECK(stuffed > 0);
  TcpExchange exchange = TcpExchange::echo(TcpExchange::kMaxPayloadBytes, 0);
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kNone);
  CHECK(exchange.wants_write());
  pair.read(static_cast<size_t>(stuffed));
  std::string payload;
  while (payload.size() < TcpExchange::kMaxPayloadBytes) {
    CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kNone);
    std::string piece(TcpExchange::kMaxPayloadBytes, '\0');
    const ssize_t size = recv(pair.peer.get(), piece.data(), piece.size(), 0);
    CHECK(size > 0);
    payload += piece.substr(0, static_cast<size_t>(size));
  }
  CHECK(!exchange.wants_write());
  pair.write(payload);
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kSuccess);
}

TEST(http_answer_in_pieces) {
  const Pair pair;
  TcpExchange exchange = http();
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kNone);
  CHECK_EQ(pair.read(18), "GET / HTTP/1.1\r\n\r\n");
  pair.write("HTT");
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kNone);
  pair.write("P/1.1 20");
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kNone);
  pair.write("0 OK\r\n");
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kSuccess);
  CHECK_EQ(exchange.http_status(), 200);
}

TEST(http_answer_of_another_status_or_kind) {
  const struct {
    std::string answer;
    uint16_t status;
  } cases[] = {{"HTTP/1.1 503 Service Unavailable\r\n\r\n", 503}, {"SSH-2.0-OpenSSH_9.2\r\n", 0}};
  for (const auto& [answer, status] : cases) {
    const Pair pair;
    TcpExchange exchange = http();
    CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kNone);
    pair.write(answer);
    CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kInvalid);
    CHECK_EQ(exchange.http_status(), status);
  }
}

TEST(http_answer_that_ends_within_its_status_line_is_invalid) {
  Pair pair;
  TcpExchange exchange = http();
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kNone);
  pair.read(18);
  pair.write("HTTP/1.1");
  pair.peer = UniqueFd();
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kNone);
  CHECK_EQ(exchange.advance(pair.ours.get()), Exchange::kInvalid);
}

TEST(http_status_lines) {
  CHECK_EQ(status_of("HTTP/1.1 200"), 200);
  CHECK_EQ(status_of("HTTP/1.0 404 Not Found"), 404);
  for (const char* none : {"", "HTTP/1.1 20", "HTTP/2 200 OK", "http/1.1 200", "HTTP/1.1  200", "HTTP/1.x 200"}) {
    CHECK_EQ(status_of(none), 0);
  }
  CHECK_EQ(status_of("HTTP/1.1 2x0"), 0);
}

}  // namespace weft::test
