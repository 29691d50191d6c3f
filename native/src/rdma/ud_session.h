// All that an engine has open on a port, made together and gone together: the port, the queue pairs of prober and
// reflector on its completion queue, and the address handles. A fault of the device ends a session; the engine opens
// another. One thread.
#pragma once

#include <memory>
#include <vector>

#include "rdma/address_handles.h"
#include "rdma/queue_pair.h"
#include "rdma/ud_port.h"
#include "rdma/ud_reflector.h"

namespace weft {

class UdSession {
 public:
  // `counters` outlive this. Errors: see native/index.ts, createRdmaEngine.
  static Result<std::unique_ptr<UdSession>> open(const RdmaConfig& config, ReflectorCounters& counters);

  UdPort& port() { return *port_; }
  const UdPort& port() const { return *port_; }
  CompletionQueue& completions() { return port_->completions(); }
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
  bool hardware_clock() const { return port_->completions().hardware_clock(); }

 private:
  UdSession() = default;

  std::unique_ptr<UdPort> port_;
  std::unique_ptr<AddressHandles> handles_;
  // Queue pairs go first.
  std::vector<std::unique_ptr<QueuePair>> probers_;
  std::unique_ptr<UdReflector> reflector_;
};

}  // namespace weft
