#include "net/datagram_batch.h"

#include <algorithm>

namespace weft {

namespace {

constexpr size_t kParts = 2;
const uint8_t kZeros[kMaxPaddingBytes] = {};

}  // namespace

SendBatch::SendBatch(size_t head_bytes)
    : head_bytes_(head_bytes),
      heads_(new uint8_t[head_bytes * kBatchDatagrams]),
      datagrams_(kBatchDatagrams),
      messages_(kBatchDatagrams),
      parts_(kBatchDatagrams * kParts) {}

OutgoingDatagram& SendBatch::add(const SocketAddress& to) {
  OutgoingDatagram& datagram = datagrams_[count_];
  datagram.to = to;
  datagram.control.reset();
  datagram.head = {heads_.get() + count_ * head_bytes_, head_bytes_};
  datagram.size = 0;
  datagram.padding = 0;
  datagram.stamped = false;
  ++count_;
  return datagram;
}

void SendBatch::request_stamp(OutgoingDatagram& datagram, TxStampIds& ids) {
  datagram.stamped = true;
  if (ids.explicit_ids()) datagram.stamp_id = ids.next();
  datagram.control.request_tx_stamp(ids, datagram.stamp_id);
}

void SendBatch::prepare() {
  for (size_t i = 0; i < count_; ++i) {
    OutgoingDatagram& datagram = datagrams_[i];
    iovec* parts = parts_.data() + i * kParts;
    parts[0] = {datagram.head.data, datagram.size};
    parts[1] = {const_cast<uint8_t*>(kZeros), std::min(datagram.padding, kMaxPaddingBytes)};
    msghdr& message = messages_[i].msg_hdr;
    message = {};
    message.msg_name = datagram.to.raw();
    message.msg_namelen = datagram.to.size();
    message.msg_iov = parts;
    message.msg_iovlen = datagram.padding == 0 ? 1 : kParts;
    datagram.control.attach(message);
  }
}

ReceiveBatch::ReceiveBatch(size_t datagram_bytes)
    : datagram_bytes_(datagram_bytes),
      buffers_(new uint8_t[datagram_bytes * kBatchDatagrams]),
      controls_(new uint8_t[kReceiveControlBytes * kBatchDatagrams]),
      from_(kBatchDatagrams),
      messages_(kBatchDatagrams),
      parts_(kBatchDatagrams) {
  for (size_t i = 0; i < kBatchDatagrams; ++i) {
    parts_[i] = {buffers_.get() + i * datagram_bytes, datagram_bytes};
    msghdr& message = messages_[i].msg_hdr;
    message = {};
    message.msg_name = from_[i].raw();
    message.msg_iov = &parts_[i];
    message.msg_iovlen = 1;
    message.msg_control = controls_.get() + i * kReceiveControlBytes;
  }
}

size_t ReceiveBatch::receive(int fd, int flags) {
  for (mmsghdr& message : messages_) {
    message.msg_hdr.msg_namelen = SocketAddress::kCapacity;
    message.msg_hdr.msg_controllen = kReceiveControlBytes;
  }
  int received;
  do {
    received = recvmmsg(fd, messages_.data(), messages_.size(), flags | MSG_DONTWAIT, nullptr);
  } while (received < 0 && errno == EINTR);
  return received < 0 ? 0 : static_cast<size_t>(received);
}

IncomingDatagram ReceiveBatch::at(size_t i) const {
  const mmsghdr& message = messages_[i];
  const size_t size = std::min<size_t>(message.msg_len, datagram_bytes_);
  return {{buffers_.get() + i * datagram_bytes_, size},
          (message.msg_hdr.msg_flags & MSG_TRUNC) != 0,
          &from_[i],
          &message.msg_hdr};
}

}  // namespace weft
