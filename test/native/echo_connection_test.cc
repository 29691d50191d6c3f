#include "net/echo_connection.h"

#include <memory>
#include <utility>

#include "check.h"
#include "net/tcp_listener.h"
#include "tcp_peer.h"

namespace weft::test {

namespace {

using State = EchoConnection::State;

constexpr int kSmallest = 1;  // the kernel makes it what it can do with

std::vector<uint8_t> pattern(size_t count) {
  std::vector<uint8_t> bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<uint8_t>(i * 7 + i / 251);
  return bytes;
}

bool is_open(State state) { return state == State::kOpen || state == State::kMore; }

TcpListener listener_on_loopback() {
  auto listener = TcpListener::open(loopback(0));
  CHECK(listener.ok());
  return std::move(listener.value());
}

// Both ends of a connection. The buffers on the way back are of `return_bytes`, 0 = as the system has it.
struct Loop {
  TcpListener listener = listener_on_loopback();
  TcpPeer peer;
  EchoConnection connection;
  std::unique_ptr<EchoConnection::Scratch> scratch = std::make_unique<EchoConnection::Scratch>();

  explicit Loop(int return_bytes) : peer(listener.port(), return_bytes) {
    TcpListener::Accepted accepted = listener.accept();
    CHECK_EQ(accepted.outcome, TcpListener::Outcome::kAccepted);
    if (return_bytes > 0) {
      CHECK(setsockopt(accepted.fd.get(), SOL_SOCKET, SO_SNDBUF, &return_bytes, sizeof return_bytes) == 0);
    }
    connection = EchoConnection(std::move(accepted.fd));
  }

  EchoConnection::Progress echo() { return connection.echo(*scratch); }
};

}  // namespace

TEST(bytes_that_find_no_room_wait_until_the_peer_reads) {
  Loop narrow(kSmallest);
  const std::vector<uint8_t> bytes = pattern(60'000);
  size_t sent = 0;
  size_t echoed = 0;
  for (EchoConnection::Progress progress{State::kOpen, 1}; progress.bytes > 0;) {
    sent += narrow.peer.send_some(bytes.data() + sent, bytes.size() - sent);
    progress = narrow.echo();
    CHECK(is_open(progress.state));
    echoed += progress.bytes;
  }
  CHECK(echoed < sent);

  std::vector<uint8_t> received;
  while (received.size() < bytes.size()) {
    sent += narrow.peer.send_some(bytes.data() + sent, bytes.size() - sent);
    narrow.peer.receive_some(received);
    CHECK(is_open(narrow.echo().state));
  }
  CHECK(received == bytes);
}

TEST(who_sends_much_is_served_in_turn) {
  Loop loop(0);
  const size_t turn = 2 * loop.scratch->size();
  const std::vector<uint8_t> bytes = pattern(turn + 1000);
  CHECK_EQ(loop.peer.send_some(bytes.data(), bytes.size()), bytes.size());
  EchoConnection::Progress progress = loop.echo();
  CHECK_EQ(progress.state, State::kMore);
  CHECK_EQ(progress.bytes, turn);
  progress = loop.echo();
  CHECK_EQ(progress.state, State::kOpen);
  CHECK_EQ(progress.bytes, 1000);
}

TEST(a_peer_that_has_ended_gets_the_rest_before_the_connection_ends) {
  Loop narrow(kSmallest);
  const std::vector<uint8_t> bytes = pattern(20'000);
  CHECK_EQ(narrow.peer.send_some(bytes.data(), bytes.size()), bytes.size());
  CHECK(shutdown(narrow.peer.fd(), SHUT_WR) == 0);
  CHECK(is_open(narrow.echo().state));
  std::vector<uint8_t> received;
  while (is_open(narrow.echo().state)) narrow.peer.receive_some(received);
  narrow.connection = EchoConnection();
  while (received.size() < bytes.size()) {
    CHECK(narrow.peer.readable());
    narrow.peer.receive_some(received);
  }
  CHECK(received == bytes);
}

TEST(a_listener_tells_what_its_full_queue_lost) {
  TcpListener listener = listener_on_loopback();
  CHECK(listen(listener.fd(), 1) == 0);  // a shorter queue
  CHECK_EQ(listener.dropped(), 0);
  const SocketAddress to = loopback(listener.port());
  std::vector<UniqueFd> peers;
  for (int i = 0; i < 10; ++i) {
    peers.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    CHECK(connect(peers.back().get(), to.raw(), to.size()) != 0);
  }
  CHECK(listener.dropped() >= 8);  // a backlog of n has room for n + 1
}

}  // namespace weft::test
