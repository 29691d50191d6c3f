// Keeps a session open: hears what the device tells of itself, ends the session when the device fails and opens another
// as soon as can be. One thread, but for `status`.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/engine.h"
#include "rdma/port_events.h"
#include "rdma/rdma.h"
#include "rdma/ud_session.h"

namespace weft {

class SessionKeeper {
 public:
  // What has just happened to the session.
  enum class Change : uint8_t { kNone, kDown, kUp, kEnded, kOpened };

  // `counters` outlive this.
  SessionKeeper(const RdmaConfig& config, std::unique_ptr<UdSession> session, ReflectorCounters& counters);

  // Hears (when the device is known to have `told` something), checks, ends, opens. Call it until it says kNone: one
  // change at a time. A session that has ended is gone.
  Change watch(int64_t now_ns, bool told);
  // The session cannot go on: it ends with the next `watch`.
  void give_up(const Error& error);

  UdSession* session() { return session_.get(); }  // nullptr between two
  bool active() const { return state_ == RdmaState::kActive && problem_.empty(); }
  // The next time there is something to look after that no event announces.
  int64_t next_check_ns() const { return state_ == RdmaState::kActive && problem_.empty() ? INT64_MAX : next_check_ns_; }

  // Thread-safe. Hands out the events.
  RdmaStatus status();
  // Whether there is news for `status` since the last call.
  bool take_news() { return std::exchange(news_, false); }
  void add_stats(Stats& stats) const;

 private:
  Change end_by_problem();
  Change hear();
  Change check(int64_t now_ns);
  Change check_port();
  Change go_down();
  Change end(const std::string& why);
  Change open(int64_t now_ns);
  void adopt(std::unique_ptr<UdSession> session);
  void show(RdmaState state);
  void tell(std::string event);

  const RdmaConfig config_;
  ReflectorCounters& reflector_counters_;
  std::unique_ptr<UdSession> session_;
  RdmaState state_ = RdmaState::kGone;
  std::string problem_;  // of a session that is to end
  int64_t next_check_ns_ = 0;
  int64_t retry_ns_ = 0;
  int64_t sending_ns_ = 0;  // when there last was a free send slot
  std::string last_failure_;
  bool news_ = false;

  std::mutex mutex_;  // guards status_
  RdmaStatus status_;

  Counter sessions_, port_events_, active_;
};

}  // namespace weft
