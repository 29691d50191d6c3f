// SO_TIMESTAMPING (Linux Documentation/networking/timestamping.rst): when packets really left and arrived. The kernel's
// software stamps are CLOCK_REALTIME; a NIC's are its own clock. TX stamps come back on the socket's error queue and are
// matched by a 32-bit identifier.
#pragma once

#include <sys/socket.h>

#include <cstdint>

#include "base/record.h"
#include "base/result.h"
#include "base/socket_address.h"

namespace weft {

// One instant as the kernel and, where it can, the NIC stamped it; 0 = not stamped.
struct Stamp {
  int64_t software_ns = 0;
  int64_t hardware_ns = 0;

  bool any() const { return software_ns != 0 || hardware_ns != 0; }
};

// The difference of two stamps, both by the same clock and the best one they share; kUser when they share none.
struct StampPair {
  int64_t first_ns = 0;
  int64_t second_ns = 0;
  StampClock clock = StampClock::kUser;
};
StampPair pair_stamps(const Stamp& first, const Stamp& second);

// Turns on RX stamps and prepares TX stamps, which are then asked for per packet. Fails where the kernel has none.
Status enable_timestamping(int fd);

// Identifiers of TX stamps on one socket. Since Linux 6.13 a packet carries its own (SCM_TS_OPT_ID). Before, the kernel
// counts the stamped packets of a socket, and a failed send may or may not have counted: the counter is then reset.
class TxStampIds {
 public:
  // `explicit_ids` false is the older way, which every kernel takes.
  explicit TxStampIds(bool explicit_ids) : explicit_(explicit_ids) {}
  static TxStampIds on_this_kernel();

  bool explicit_ids() const { return explicit_; }
  uint32_t next() { return next_++; }
  // A stamped packet could not be sent on `fd`.
  void send_failed(int fd);

 private:
  bool explicit_;
  uint32_t next_ = 0;
};

// Builds the control messages of one packet to send. Reused; `reset` first.
class SendControl {
 public:
  void reset() { size_ = 0; }
  void request_tx_stamp(const TxStampIds& ids, uint32_t id);
  void set_ttl(int family, uint8_t ttl);
  void set_traffic_class(int family, uint8_t traffic_class);
  // Sends from the address a packet was received on.
  void set_source(const struct LocalAddress& local);
  void attach(msghdr& message);

 private:
  void append(int level, int type, const void* data, size_t size);

  static constexpr size_t kCapacity = 192;
  alignas(cmsghdr) uint8_t buffer_[kCapacity];
  size_t size_ = 0;
};

// Where a packet came to: what an answer is sent from.
struct LocalAddress {
  int family = 0;  // 0 = unknown
  AddressBytes address{};
  uint32_t interface_index = 0;
};

// What the control messages of a received packet said.
struct ReceiveControl {
  Stamp stamp;
  LocalAddress local;
  uint8_t ttl = 0;
  uint8_t traffic_class = 0;
  bool has_drop_count = false;
  uint32_t drop_count = 0;  // packets this socket's full buffer has lost so far
};
ReceiveControl parse_receive_control(const msghdr& message);

struct TxStamp {
  bool valid = false;
  uint32_t id = 0;
  Stamp stamp;
};
// REQUIRES: `message` came from the error queue.
TxStamp parse_tx_stamp(const msghdr& message);

// Size of a control buffer that holds all of the above for one received packet.
constexpr size_t kReceiveControlBytes = 320;

}  // namespace weft
