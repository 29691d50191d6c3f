#include "net/timestamping.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>

#include <cstring>

#include "base/clock.h"
#include "base/unique_fd.h"

namespace weft {

namespace {

// Linux 6.13; older headers do not have it.
constexpr int kScmTsOptId = 81;

constexpr uint32_t kReporting = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RAW_HARDWARE |
                                SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_RX_HARDWARE |
                                SOF_TIMESTAMPING_OPT_TSONLY;
constexpr uint32_t kTxRequest = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_HARDWARE;

int set_flags(int fd, uint32_t flags) {
  return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags);
}

int64_t to_ns(const timespec& time) { return static_cast<int64_t>(time.tv_sec) * kNsPerS + time.tv_nsec; }

Stamp read_stamp(const cmsghdr* header) {
  scm_timestamping stamps;
  std::memcpy(&stamps, CMSG_DATA(header), sizeof stamps);
  return {to_ns(stamps.ts[0]), to_ns(stamps.ts[2])};
}

template <typename T>
T read_as(const cmsghdr* header) {
  T value;
  std::memcpy(&value, CMSG_DATA(header), sizeof value);
  return value;
}

void read_ipv4(const cmsghdr* header, ReceiveControl& control) {
  switch (header->cmsg_type) {
    case IP_TTL:
      control.ttl = static_cast<uint8_t>(read_as<int>(header));
      break;
    case IP_TOS:
      control.traffic_class = read_as<uint8_t>(header);
      break;
    case IP_PKTINFO: {
      const auto info = read_as<in_pktinfo>(header);
      control.local.family = AF_INET;
      control.local.interface_index = static_cast<uint32_t>(info.ipi_ifindex);
      std::memcpy(control.local.address.data(), &info.ipi_addr, sizeof info.ipi_addr);
      break;
    }
  }
}

void read_ipv6(const cmsghdr* header, ReceiveControl& control) {
  switch (header->cmsg_type) {
    case IPV6_HOPLIMIT:
      control.ttl = static_cast<uint8_t>(read_as<int>(header));
      break;
    case IPV6_TCLASS:
      control.traffic_class = static_cast<uint8_t>(read_as<int>(header));
      break;
    case IPV6_PKTINFO: {
      const auto info = read_as<in6_pktinfo>(header);
      control.local.family = AF_INET6;
      control.local.interface_index = info.ipi6_ifindex;
      std::memcpy(control.local.address.data(), &info.ipi6_addr, sizeof info.ipi6_addr);
      break;
    }
  }
}

}  // namespace

StampPair pair_stamps(const Stamp& first, const Stamp& second) {
  if (first.hardware_ns != 0 && second.hardware_ns != 0) {
    return {first.hardware_ns, second.hardware_ns, StampClock::kHardware};
  }
  if (first.software_ns != 0 && second.software_ns != 0) {
    return {first.software_ns, second.software_ns, StampClock::kKernel};
  }
  return {};
}

Status enable_timestamping(int fd) {
  if (set_flags(fd, kReporting | SOF_TIMESTAMPING_OPT_ID) != 0) return Error::last("setsockopt(SO_TIMESTAMPING)");
  return Done{};
}

// Nothing is sent: broadcasting is not enabled on the socket (EACCES), but the control message is looked at first, and a
// kernel that does not know it refuses with EINVAL.
bool kernel_takes_explicit_ids() {
  const UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() || !enable_timestamping(fd.get()).ok()) return false;
  SendControl control;
  control.reset();
  control.request_tx_stamp(TxStampIds(true), 0);
  SocketAddress nobody = *SocketAddress::parse("255.255.255.255", 9);
  msghdr message{};
  message.msg_name = nobody.raw();
  message.msg_namelen = nobody.size();
  control.attach(message);
  return sendmsg(fd.get(), &message, MSG_DONTWAIT) < 0 && errno != EINVAL;
}

TxStampIds TxStampIds::on_this_kernel() {
  static const bool explicit_ids = kernel_takes_explicit_ids();
  return TxStampIds(explicit_ids);
}

void TxStampIds::send_failed(int fd) {
  if (explicit_) return;
  set_flags(fd, kReporting);
  set_flags(fd, kReporting | SOF_TIMESTAMPING_OPT_ID);
  next_ = 0;
}

void SendControl::append(int level, int type, const void* data, size_t size) {
  auto* header = reinterpret_cast<cmsghdr*>(buffer_ + size_);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(size);
  std::memcpy(CMSG_DATA(header), data, size);
  size_ += CMSG_SPACE(size);
}

void SendControl::request_tx_stamp(const TxStampIds& ids, uint32_t id) {
  append(SOL_SOCKET, SO_TIMESTAMPING, &kTxRequest, sizeof kTxRequest);
  if (ids.explicit_ids()) append(SOL_SOCKET, kScmTsOptId, &id, sizeof id);
}

void SendControl::set_ttl(int family, uint8_t ttl) {
  const int value = ttl;
  if (family == AF_INET) append(IPPROTO_IP, IP_TTL, &value, sizeof value);
  else append(IPPROTO_IPV6, IPV6_HOPLIMIT, &value, sizeof value);
}

void SendControl::set_traffic_class(int family, uint8_t traffic_class) {
  const int value = traffic_class;
  if (family == AF_INET) append(IPPROTO_IP, IP_TOS, &value, sizeof value);
  else append(IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof value);
}

void SendControl::set_source(const LocalAddress& local) {
  if (local.family == AF_INET) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, local.address.data(), sizeof info.ipi_spec_dst);
    append(IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
  } else if (local.family == AF_INET6) {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, local.address.data(), sizeof info.ipi6_addr);
    info.ipi6_ifindex = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) ? local.interface_index : 0;
    append(IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
  }
}

void SendControl::attach(msghdr& message) {
  message.msg_control = size_ == 0 ? nullptr : buffer_;
  message.msg_controllen = size_;
}

ReceiveControl parse_receive_control(const msghdr& message) {
  ReceiveControl control;
  auto* mutable_message = const_cast<msghdr*>(&message);
  for (cmsghdr* header = CMSG_FIRSTHDR(mutable_message); header != nullptr;
       header = CMSG_NXTHDR(mutable_message, header)) {
    if (header->cmsg_level == IPPROTO_IP) {
      read_ipv4(header, control);
    } else if (header->cmsg_level == IPPROTO_IPV6) {
      read_ipv6(header, control);
    } else if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_TIMESTAMPING) {
      control.stamp = read_stamp(header);
    } else if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_RXQ_OVFL) {
      control.has_drop_count = true;
      control.drop_count = read_as<uint32_t>(header);
    }
  }
  return control;
}

TxStamp parse_tx_stamp(const msghdr& message) {
  TxStamp result;
  auto* mutable_message = const_cast<msghdr*>(&message);
  for (cmsghdr* header = CMSG_FIRSTHDR(mutable_message); header != nullptr;
       header = CMSG_NXTHDR(mutable_message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_TIMESTAMPING) {
      result.stamp = read_stamp(header);
    } else if ((header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR) ||
               (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR)) {
      const auto error = read_as<sock_extended_err>(header);
      result.valid = error.ee_errno == ENOMSG && error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING;
      result.id = error.ee_data;
    }
  }
  result.valid = result.valid && result.stamp.any();
  return result;
}

}  // namespace weft
