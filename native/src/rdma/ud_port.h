// One port of one device, opened: context, protection domain, and the GID it speaks as. What is made on it (queues, queue
// pairs, address handles) has to go before it does. One thread.
#pragma once

#include <memory>

#include "rdma/gid_table.h"
#include "rdma/rdma.h"
#include "rdma/verbs.h"

namespace weft {

class UdPort {
 public:
  // Errors: see native/index.ts, createRdmaEngine.
  static Result<std::unique_ptr<UdPort>> open(const RdmaConfig& config);

  const Verbs& verbs() const { return verbs_; }
  ibv_context* context() const { return context_.get(); }
  ibv_pd* pd() const { return pd_.get(); }
  RdmaLink link() const { return link_; }
  uint16_t lid() const { return lid_; }
  const GidEntry& gid() const { return gid_; }
  // Of a queue of a queue pair, as the device says.
  uint32_t most_requests() const { return most_requests_; }

  // False: the kernel has taken the device away, and waits for this to be closed. Drivers that cannot take a device from
  // its users (soft-RoCE) raise no event then.
  bool is_there() const;
  // Whether the port is active now. Errors: `port`, EIO or the like when the device has gone.
  Result<bool> active() const;
  // Whether it would be opened again with the same GID, LID and partition. REQUIRES: active.
  bool is_as_opened(const RdmaConfig& config) const;

 private:
  UdPort(const Verbs& verbs, VerbsPtr<ibv_context> context, uint8_t port);

  Status read_port(const RdmaConfig& config);
  uint16_t read_pkey(const ibv_port_attr& port, const RdmaConfig& config) const;

  const Verbs& verbs_;
  VerbsPtr<ibv_context> context_;
  VerbsPtr<ibv_pd> pd_;
  uint8_t port_;
  RdmaLink link_ = RdmaLink::kRoce;
  uint16_t lid_ = 0;
  GidEntry gid_;
  uint16_t pkey_ = 0;  // as in the table of the port, big-endian; 0: none
  uint32_t most_requests_ = 0;
  bool in_sysfs_ = false;
};

// The driver ignores flow labels, so that a path is a queue pair. True of soft-RoCE, whose source port is its queue pair's.
bool ignores_flow_labels(const std::string& device);

// Opens a device by name. Errors: `ibv_get_device_list`; `device` ENODEV; `ibv_open_device`.
Result<VerbsPtr<ibv_context>> open_device(const Verbs& verbs, const std::string& name);

}  // namespace weft
