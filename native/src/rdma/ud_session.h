// All that an engine has open on a port, made together and gone together: the port, the queue pairs of prober and
// reflector with the completion queues of each of these ends, and the address handles. A fault of the device ends a session; the engine opens
// another. One thread.
#pragma once

#include <memory>
#include <vector>

#include "rdma/address_handles.h"
#include "rdma/completion_queue.h"
#include "rdma/queue_pair.h"
#include "rdma/ud_port.h"
#include "rdma/ud_reflector.h"

namespace weft {

// The completion queues of an end. Where completions have stamps, one takes them all, so that all are on one clock. Where
// they have none, the completion of a send says no more than that its slot is free again, and wakes nobody: on a host
// that stamps by software, the wake-up would fall into what is measured.
struct EndQueues {
  std::unique_ptr<CompletionQueue> received;  // takes all unless there is `sent`
  std::unique_ptr<CompletionQueue> sent;      // silent

  QueuePairQueues raw() const { return {sent ? sent->raw() : received->raw(), received->raw()}; }
};

class UdSession {
 public:
  // `counters` outlive this. Errors: see native/index.ts, createRdmaEngine.
  static Result<std::unique_ptr<UdSession>> open(const RdmaConfig& config, ReflectorCounters& counters);

  // Does not wait for addresses that the kernel is still resolving: port and handles then go a moment later.
  ~UdSession();
  UdSession(const UdSession&) = delete;
  UdSession& operator=(const UdSession&) = delete;

  const UdPort& port() const { return *port_; }
  // Of the ends that are on, the reflector's first.
  const std::vector<const EndQueues*>& ends() const { return ends_; }
  bool is_prober(const EndQueues* end) const { return end == &prober_queues_; }
  AddressHandles& handles() { return *handles_; }

  // Queue pairs; those of the prober come first.
  size_t size() const { return probers_.size() + (reflector_ ? 1 : 0); }
  QueuePair& pair(size_t index) { return index < probers_.size() ? *probers_[index] : reflector_->pair(); }
  // The one that a path's probes leave from. REQUIRES: the prober is on.
  uint16_t pair_of(uint16_t path) const { return static_cast<uint16_t>(path % probers_.size()); }
  bool is_reflector(uint16_t pair) const { return pair == probers_.size(); }
  // nullptr: it does not reflect.
  UdReflector* reflector() { return reflector_.get(); }

  // Whether each queue pair has a free send slot.
  bool can_send();
  void begin_pass();
  bool hardware_clock() const { return hardware_clock_; }

 private:
  explicit UdSession(bool stamped) : stamped_(stamped) {}

  static Result<std::unique_ptr<UdSession>> open(const RdmaConfig& config, ReflectorCounters& counters, bool stamped);

  QueuePairConfig pair_config(const RdmaConfig& config, uint16_t index, uint32_t send_slots, uint16_t pairs) const;
  Status open_queues(EndQueues& queues, const QueuePairConfig& pair, uint32_t pairs);
  Status open_reflector(const QueuePairConfig& pair, double rate_limit, ReflectorCounters& counters);
  Status open_probers(const RdmaConfig& config);

  const bool stamped_;
  std::unique_ptr<UdPort> port_;
  EndQueues prober_queues_;
  EndQueues reflector_queues_;
  std::vector<const EndQueues*> ends_;
  bool hardware_clock_ = false;
  std::unique_ptr<AddressHandles> handles_;
  std::vector<std::unique_ptr<QueuePair>> probers_;
  std::unique_ptr<UdReflector> reflector_;
};

}  // namespace weft
