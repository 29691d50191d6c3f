// RDMA on a host that gives the process no more threads.

#include <pthread.h>

#include <cerrno>
#include <optional>

#include "base/thread.h"
#include "ud_rig.h"

namespace weft::test {

namespace {

constexpr const char *kSettings = "latency_us=4.8,clock=raw,clock_hz=31250000";

// While it lives no thread can be made: none has the address space for its stack. (What limits the number of threads
// does not bind root.)
class NoThreads {
 public:
  NoThreads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t huge = before_;
    CHECK_EQ(pthread_attr_setstacksize(&huge, size_t{1} << 60), 0);
    CHECK_EQ(pthread_setattr_default_np(&huge), 0);
  }
  NoThreads(const NoThreads &) = delete;
  ~NoThreads() { pthread_setattr_default_np(&before_); }

 private:
  pthread_attr_t before_;
};

}  // namespace

TEST(thread_has_its_name_and_is_joined) {
  char name[16] = "";
  {
    auto started = Thread::start("weft-test", [&] { pthread_getname_np(pthread_self(), name, sizeof name); });
    CHECK(started.ok());
  }
  CHECK(std::string(name) == "weft-test");
}

TEST(thread_that_cannot_be_made_is_an_error) {
  const NoThreads limit;
  auto held = std::make_shared<int>();
  const auto started = Thread::start("weft-test", [held] {});
  CHECK(!started.ok());
  CHECK_EQ(started.error().code, EAGAIN);
  CHECK(std::string(started.error().syscall) == "pthread_create");
  CHECK_EQ(held.use_count(), 1);
}

TEST(rdma_port_is_not_opened_without_threads_and_leaves_nothing_behind) {
  const FakeVerbs fake(kSettings);
  {
    const NoThreads limit;
    const auto opened = open_rdma_engine(config_of("fake0"));
    CHECK(!opened.ok());
    CHECK_EQ(opened.error().code, EAGAIN);
    CHECK(std::string(opened.error().syscall) == "pthread_create");
  }
  CHECK_EQ(fake.count("fake0", "contexts") + fake.count("fake0", "leaked"), 0);
  Agent agent("fake0");
  CHECK_EQ(agent.stat("active"), 1);
}

TEST(rdma_device_that_comes_back_waits_for_threads) {
  Pair hosts(kSettings);
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSuccess, 5);
  {
    const NoThreads limit;
    hosts.fake.command("event fake0 device_fatal");
    wait_for("it says why it is not open",
             [&] { return hosts.a.told("it cannot be opened yet (pthread_create: Resource temporarily unavailable)"); });
  }
  hosts.a.await_successes(5);
  CHECK_EQ(hosts.a.stat("sessions"), 2);
}

// There is no thread to wait for the address, so the engine does.
TEST(rdma_session_that_ends_without_threads_waits_for_its_addresses) {
  Pair hosts(std::string(kSettings) + ",fake0.resolve_us=600000000");
  hosts.a.probe(hosts.b);
  hosts.a.await(ProbeResult::kSendError, 1);  // a second one is due, and one waits already
  {
    const NoThreads limit;
    hosts.fake.command("gid fake0 " + std::to_string(hosts.a.status().gid_index) + " ::ffff:10.0.0.77");
    wait_for("its queue pairs are gone", [&] { return hosts.fake.command("qps fake0").empty(); });
    CHECK_EQ(hosts.fake.count("fake0", "contexts"), 1);
    CHECK(!hosts.a.told("opened anew"));
    hosts.fake.command("set fake0 resolve_us 0");
    wait_for("it tries again", [&] { return hosts.a.told("it cannot be opened yet (pthread_create"); });
    CHECK_EQ(hosts.fake.count("fake0", "leaked"), 0);
  }
  hosts.a.await_successes(5);
}

}  // namespace weft::test
