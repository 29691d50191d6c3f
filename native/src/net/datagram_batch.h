// Many datagrams a system call: sendmmsg and recvmmsg over buffers that are made once. Not thread-safe.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/socket_address.h"
#include "net/timestamping.h"

namespace weft {

constexpr size_t kBatchDatagrams = 64;

// One datagram to send: `size` bytes of `head`, then `padding` zero bytes.
struct OutgoingDatagram {
  SocketAddress to;
  SendControl control;
  MutableBytes head;
  size_t size = 0;
  size_t padding = 0;
  bool stamped = false;  // a TX stamp was asked for, and `stamp_id` names it
  uint32_t stamp_id = 0;
  uint32_t cookie = 0;  // the caller's own
};

class SendBatch {
 public:
  // `head_bytes` is the room each datagram has.
  explicit SendBatch(size_t head_bytes);

  bool full() const { return count_ == kBatchDatagrams; }
  bool empty() const { return count_ == 0; }
  // A cleared datagram at the end of the batch. REQUIRES: !full().
  OutgoingDatagram& add(const SocketAddress& to);
  // Gives the datagram back. REQUIRES: it was the last one added.
  void drop_last() { --count_; }

  // Asks for a TX stamp of `datagram`.
  static void request_stamp(OutgoingDatagram& datagram, TxStampIds& ids);

  // Sends everything and empties the batch. Each datagram ends in `sent(datagram)` or `failed(datagram, errno)`; a
  // failed one does not keep those behind it from being sent.
  template <typename Sent, typename Failed>
  void flush(int fd, TxStampIds& ids, Sent&& sent, Failed&& failed) {
    prepare();
    for (size_t next = 0; next < count_;) {
      const int accepted = sendmmsg(fd, messages_.data() + next, count_ - next, MSG_DONTWAIT);
      const int error = errno;
      if (accepted < 0 && error == EINTR) continue;
      for (int i = 0; i < accepted; ++i, ++next) {
        OutgoingDatagram& datagram = datagrams_[next];
        if (datagram.stamped && !ids.explicit_ids()) datagram.stamp_id = ids.next();
        sent(datagram);
      }
      if (accepted < 0) {
        if (datagrams_[next].stamped) ids.send_failed(fd);
        failed(datagrams_[next++], error);
      }
    }
    count_ = 0;
  }

 private:
  void prepare();

  size_t head_bytes_;
  size_t count_ = 0;
  std::unique_ptr<uint8_t[]> heads_;
  std::vector<OutgoingDatagram> datagrams_;
  std::vector<mmsghdr> messages_;
  std::vector<iovec> parts_;
};

// The largest padding of one datagram.
constexpr size_t kMaxPaddingBytes = 65'536;

struct IncomingDatagram {
  Bytes bytes;  // what of it fitted the buffer
  bool truncated = false;
  const SocketAddress* from = nullptr;
  const msghdr* message = nullptr;  // for the control messages
};

class ReceiveBatch {
 public:
  explicit ReceiveBatch(size_t datagram_bytes);

  // Takes what is there without waiting; 0 when nothing is. `flags`: MSG_ERRQUEUE reads the error queue.
  size_t receive(int fd, int flags = 0);
  // REQUIRES: i is below what `receive` returned last.
  IncomingDatagram at(size_t i) const;

 private:
  size_t datagram_bytes_;
  std::unique_ptr<uint8_t[]> buffers_;
  std::unique_ptr<uint8_t[]> controls_;
  std::vector<SocketAddress> from_;
  std::vector<mmsghdr> messages_;
  std::vector<iovec> parts_;
};

}  // namespace weft
