// What a TCP reflector does in time, and without descriptors; the rest is in tcp-reflector.test.ts.

#include "net/tcp_reflector.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <map>
#include <string>

#include "check.h"
#include "tcp_peer.h"

namespace weft::test {

namespace {

std::shared_ptr<TcpReflector> reflector_on_loopback(int64_t idle_ns) {
  TcpReflectorConfig config;
  config.listen.address = loopback(0);
  config.max_connections = 10;
  config.idle_ns = idle_ns;
  return TcpReflector::create(std::move(config)).value();
}

std::map<std::string, double> stats_of(const TcpReflector& reflector) {
  std::map<std::string, double> stats;
  for (const auto& [name, value] : reflector.stats()) stats[name] = value;
  return stats;
}

template <typename Condition>
void pump_until(TcpReflector& reflector, Condition condition) {
  Slice slice;
  while (!condition()) reflector.pump(1, slice);
}

// No descriptor can be had for as long as it lives, whichever the next one would be.
class NoDescriptors {
 public:
  NoDescriptors() {
    CHECK(getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const UniqueFd next(fcntl(STDIN_FILENO, F_DUPFD, 0));
    const rlimit none{static_cast<rlim_t>(next.get()), before_.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST(an_idle_connection_is_reset_and_a_busy_one_stays) {
  const auto reflector = reflector_on_loopback(200 * kNsPerMs);
  TcpPeer idle(reflector->port());
  TcpPeer busy(reflector->port());
  std::vector<uint8_t> received;
  pump_until(*reflector, [&] {
    if (received.empty()) busy.send_some(reinterpret_cast<const uint8_t*>("x"), 1);
    received.clear();
    busy.receive_some(received);
    return idle.reset();
  });
  CHECK(!busy.reset());
  auto stats = stats_of(*reflector);
  CHECK_EQ(stats["idle_closed"], 1);
  CHECK_EQ(stats["connections"], 1);
}

TEST(without_descriptors_a_reflector_rests_and_comes_back) {
  const auto reflector = reflector_on_loopback(10 * kNsPerS);
  TcpPeer peer(reflector->port());
  Slice slice;
  {
    const NoDescriptors limit;
    reflector->pump(500, slice);
    const double errors = stats_of(*reflector)["accept_errors"];
    CHECK(errors >= 1);
    CHECK(errors <= 5);  // one for each 100 ms
    CHECK_EQ(stats_of(*reflector)["accepted"], 0);
  }
  peer.send_some(reinterpret_cast<const uint8_t*>("x"), 1);
  pump_until(*reflector, [&] { return peer.readable(); });
  CHECK_EQ(stats_of(*reflector)["accepted"], 1);
}

}  // namespace weft::test
