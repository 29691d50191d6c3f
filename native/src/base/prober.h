// What the probers share: the schedule of the targets, the loop of a slice, the results and their counters.
// A transport says how probes are sent and what its events are.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "base/engine.h"
#include "base/probe_schedule.h"
#include "base/timer_wheel.h"

namespace weft {

class Prober : public Engine {
 public:
  void pump(int max_ms, Slice& slice) final;
  void set_targets(TargetTable table) final;
  Stats stats() const final;

 protected:
  explicit Prober(Wakeup wakeup);

  // All hooks are called by the pumping thread.
  // Takes what has come, without waiting.
  virtual void receive() = 0;
  // Ends the probes whose timeout has passed.
  virtual void expire(int64_t now_ns) = 0;
  // Sends a probe to each of these targets of the schedule.
  virtual void send(const std::vector<uint32_t>& due) = 0;
  // Sleeps until something has come, or until `deadline_ns`, or less. True when the main thread wants the slice to end.
  virtual bool wait(int64_t deadline_ns) = 0;
  // When the oldest probe under way was sent, UTC; `now_ns` when none is.
  virtual int64_t oldest_sent_ns(int64_t now_ns) = 0;
  // The counters only this transport has.
  virtual void add_stats(Stats& stats) const = 0;

  // The next time something is to be done that no event announces, `deadline_ns` at most.
  int64_t next_deadline_ns(int64_t deadline_ns) const;
  void emit(const Record& record);
  double emitted(ProbeResult result) const { return results_[static_cast<size_t>(result)].get(); }
  bool slice_full() const { return slice_->full(); }
  // Says with this slice that there is news of the engine itself.
  void mark_changed() { slice_->changed = true; }

  ProbeSchedule schedule_;
  TimerWheel expiry_;  // items are the transport's slots
  uint32_t outstanding_ = 0;
  // `shed`: probes not sent because too many were under way.
  Counter sent_, shed_;

 private:
  void apply_new_targets();

  std::vector<uint32_t> due_;
  Slice* slice_ = nullptr;  // of the pump under way

  std::mutex mutex_;  // guards new_targets_
  std::optional<TargetTable> new_targets_;

  Counter results_[kProbeResults], skipped_, outstanding_gauge_, targets_gauge_;
};

}  // namespace weft
