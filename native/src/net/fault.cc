#include "net/fault.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cmath>

namespace weft {

namespace {

// Linux Documentation/networking/filter.rst: the result is how many bytes of the packet are kept.
constexpr uint32_t kKeep = UINT32_MAX;
constexpr uint32_t kDrop = 0;
// A filter of a TCP socket sees the packet from its TCP header on.
constexpr uint32_t kTcpFlagsOffset = 13;

// Of 2^32 random numbers those below this one are lost.
uint32_t threshold_of(double share) {
  return static_cast<uint32_t>(std::min(std::round(share * 0x1p32), static_cast<double>(UINT32_MAX)));
}

template <size_t N>
Status attach(int fd, sock_filter (&code)[N]) {
  const sock_fprog program{N, code};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    return Error::last("setsockopt(SO_ATTACH_FILTER)");
  }
  return Done{};
}

}  // namespace

Status lose_datagrams(int fd, double share) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, threshold_of(share), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, kKeep),
      BPF_STMT(BPF_RET | BPF_K, kDrop),
  };
  return attach(fd, code);
}

// Connections inherit the filter of their listener: hence the look at the flags.
Status lose_syns(int fd, double share) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kTcpFlagsOffset),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TH_SYN | TH_ACK),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TH_SYN, 0, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, threshold_of(share), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, kKeep),
      BPF_STMT(BPF_RET | BPF_K, kDrop),
  };
  return attach(fd, code);
}

}  // namespace weft
