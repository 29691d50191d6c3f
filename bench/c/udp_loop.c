/*
 * The limit: what the kernel charges for one UDP probe with software timestamps on both ends, and nothing else. Batches
 * of sendmmsg/recvmmsg, TX stamps from the error queue, a flat array instead of a probe table, no parsing, no pacing
 * per target. weft's engine does the same exchange for real, so its CPU per probe is read as a ratio to this one.
 *
 *   udp_loop reflector [--exchange 2|3]
 *       binds a free port on 0.0.0.0, prints {"port":N}, answers until SIGTERM, prints its CPU time
 *   udp_loop prober --port N [--exchange 2|3] [--probes N] [--rate PER_S] [--addresses N] [--batch N] [--window N]
 *       rate 0 = flat out: a closed loop with at most `window` probes under way; otherwise wakes every millisecond,
 *       sends what is due and drains everything
 *
 * Exchange 2: probe 44 B -> answer 44 B that carries T3 and the inline T4. Exchange 3: probe 180 B -> answer 68 B ->
 * follow-up 64 B that carries the kernel's TX stamp of the answer: the three messages that weft uses by default.
 */
#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { kMaxBatch = 256, kPacketBytes = 256, kControlBytes = 256, kSlots = 1 << 16 };
enum { kAnswer = 1, kFollowUp = 2 };
enum { kTwoProbe = 44, kTwoAnswer = 44, kThreeProbe = 180, kThreeAnswer = 68, kThreeFollowUp = 64 };
enum { kHaveT2 = 1, kHaveAnswer = 2, kHaveT4 = 4, kDone = 7 };

/* What travels; padded to the sizes above. One machine only, so host byte order. */
struct wire {
  uint32_t seq, kind;
  int64_t t3, t4;
};

struct batch {
  struct mmsghdr msgs[kMaxBatch];
  struct iovec iov[kMaxBatch];
  struct sockaddr_in names[kMaxBatch];
  union {
    struct wire wire;
    char bytes[kPacketBytes];
  } packets[kMaxBatch];
  _Alignas(struct cmsghdr) char control[kMaxBatch][kControlBytes];
};

static struct batch in, out, errors;
static int batch_size = 64;

static void init_batch(struct batch *b) {
  for (int i = 0; i < kMaxBatch; i++) {
    b->iov[i].iov_base = &b->packets[i];
    b->msgs[i].msg_hdr.msg_iov = &b->iov[i];
    b->msgs[i].msg_hdr.msg_iovlen = 1;
  }
}

/* Readies `b` for recvmmsg: the kernel overwrites lengths on every call. */
static struct mmsghdr *receiving(struct batch *b) {
  for (int i = 0; i < batch_size; i++) {
    struct msghdr *h = &b->msgs[i].msg_hdr;
    b->iov[i].iov_len = kPacketBytes;
    h->msg_name = &b->names[i];
    h->msg_namelen = sizeof(b->names[i]);
    h->msg_control = b->control[i];
    h->msg_controllen = kControlBytes;
  }
  return b->msgs;
}

/* Sends messages 0..n-1 of `b`; a full socket buffer is waited for. */
static void send_all(int fd, struct batch *b, int n) {
  for (int at = 0; at < n;) {
    int sent = sendmmsg(fd, b->msgs + at, (unsigned)(n - at), 0);
    if (sent < 0 && errno != EINTR && errno != ENOBUFS) die("sendmmsg");
    if (sent > 0) at += sent;
  }
}

static int64_t kernel_stamp(struct msghdr *h, uint32_t *key) {
  int64_t stamp = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
      struct scm_timestamping ts;
      memcpy(&ts, CMSG_DATA(c), sizeof ts);
      stamp = ts.ts[0].tv_sec * 1000000000LL + ts.ts[0].tv_nsec;
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR && key) {
      struct sock_extended_err error;
      memcpy(&error, CMSG_DATA(c), sizeof error);
      *key = error.ee_data;
    }
  }
  return stamp;
}

static int open_socket(uint32_t tx_flag) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) die("socket");
  int bytes = 8 << 20, on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes)) /* needs CAP_NET_ADMIN */
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  uint32_t flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
                   SOF_TIMESTAMPING_OPT_TSONLY | tx_flag;
  if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags)) die("SO_TIMESTAMPING");
  struct sockaddr_in any = {.sin_family = AF_INET};
  if (bind(fd, (struct sockaddr *)&any, sizeof any)) die("bind");
  return fd;
}

/* ---- reflector ---- */

static struct {
  struct sockaddr_in to;
  struct in_addr from;
  uint32_t seq;
} answered[kSlots]; /* by OPT_ID key */

static uint32_t next_key;

/* Message i of `out` to `to`, from local address `from`; `stamp` asks for a TX stamp of this packet alone. */
static void address(int i, struct sockaddr_in *to, struct in_addr from, int length, int stamp) {
  struct msghdr *h = &out.msgs[i].msg_hdr;
  out.names[i] = *to;
  out.iov[i].iov_len = (size_t)length;
  h->msg_name = &out.names[i];
  h->msg_namelen = sizeof *to;
  h->msg_control = out.control[i];
  h->msg_controllen = CMSG_SPACE(sizeof(struct in_pktinfo)) + (stamp ? CMSG_SPACE(sizeof(uint32_t)) : 0);
  struct cmsghdr *c = CMSG_FIRSTHDR(h);
  *c = (struct cmsghdr){CMSG_LEN(sizeof(struct in_pktinfo)), IPPROTO_IP, IP_PKTINFO};
  struct in_pktinfo info = {.ipi_spec_dst = from};
  memcpy(CMSG_DATA(c), &info, sizeof info);
  if (!stamp) return;
  c = (struct cmsghdr *)((char *)c + CMSG_SPACE(sizeof(struct in_pktinfo)));
  *c = (struct cmsghdr){CMSG_LEN(sizeof(uint32_t)), SOL_SOCKET, SO_TIMESTAMPING};
  uint32_t flag = SOF_TIMESTAMPING_TX_SOFTWARE;
  memcpy(CMSG_DATA(c), &flag, sizeof flag);
}

static struct in_addr local_address(struct msghdr *h) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c))
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      return info.ipi_addr;
    }
  return (struct in_addr){0};
}

static int answer(int fd, int exchange) {
  int n = recvmmsg(fd, receiving(&in), (unsigned)batch_size, MSG_DONTWAIT, NULL);
  for (int i = 0; i < n; i++) {
    struct in_addr from = local_address(&in.msgs[i].msg_hdr);
    address(i, &in.names[i], from, exchange == 3 ? kThreeAnswer : kTwoAnswer, exchange == 3);
    out.packets[i].wire = (struct wire){in.packets[i].wire.seq, kAnswer, kernel_stamp(&in.msgs[i].msg_hdr, NULL),
                                        clock_ns(CLOCK_REALTIME)};
    if (exchange == 3) {
      uint32_t slot = next_key++ % kSlots;
      answered[slot].to = in.names[i];
      answered[slot].from = from;
      answered[slot].seq = in.packets[i].wire.seq;
    }
  }
  if (n > 0) send_all(fd, &out, n);
  return n > 0 ? n : 0;
}

static int follow_up(int fd) {
  int n = recvmmsg(fd, receiving(&errors), (unsigned)batch_size, MSG_DONTWAIT | MSG_ERRQUEUE, NULL);
  for (int i = 0; i < n; i++) {
    uint32_t key = 0;
    int64_t t4 = kernel_stamp(&errors.msgs[i].msg_hdr, &key);
    uint32_t slot = key % kSlots;
    address(i, &answered[slot].to, answered[slot].from, kThreeFollowUp, 0);
    out.packets[i].wire = (struct wire){answered[slot].seq, kFollowUp, 0, t4};
  }
  if (n > 0) send_all(fd, &out, n);
  return n > 0 ? n : 0;
}

static void reflect(int exchange) {
  int fd = open_socket(0);
  print_port(fd);
  long packets = 0;
  while (!stop) {
    int n = answer(fd, exchange);
    packets += n;
    if (exchange == 3) n += follow_up(fd);
    if (n == 0) poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1000);
  }
  printf("{\"packets\":%ld,\"cpuNs\":%lld}\n", packets, (long long)cpu_ns());
}

/* ---- prober ---- */

static struct {
  int64_t t1, t2, t3, t4, t5;
  uint32_t seq, have;
} slots[kSlots];

static struct {
  int port, exchange, addresses;
  uint32_t probes, window, rate;
} plan = {0, 3, 4000, 500000, 512, 0};

static uint32_t sent, lost, completed;
static int32_t *rtts, *program_rtts;

static void send_probes(int fd, int n) {
  int length = plan.exchange == 3 ? kThreeProbe : kTwoProbe;
  for (int i = 0; i < n; i++) {
    uint32_t seq = sent + (uint32_t)i;
    out.names[i] = loopback_host(seq % (uint32_t)plan.addresses, plan.port);
    out.msgs[i].msg_hdr.msg_name = &out.names[i];
    out.msgs[i].msg_hdr.msg_namelen = sizeof out.names[i];
    out.iov[i].iov_len = (size_t)length;
    out.packets[i].wire = (struct wire){.seq = seq};
    slots[seq % kSlots].seq = seq;
    slots[seq % kSlots].have = 0;
    slots[seq % kSlots].t1 = clock_ns(CLOCK_MONOTONIC);
  }
  send_all(fd, &out, n);
  sent += (uint32_t)n;
}

static void got(uint32_t seq, uint32_t what) {
  uint32_t slot = seq % kSlots;
  slots[slot].have |= what;
  if (slots[slot].have != kDone) return;
  int64_t rtt = (slots[slot].t5 - slots[slot].t2) - (slots[slot].t4 - slots[slot].t3);
  program_rtts[completed] = (int32_t)(clock_ns(CLOCK_MONOTONIC) - slots[slot].t1);
  rtts[completed++] = (int32_t)rtt;
}

static int read_stamps(int fd) {
  int n = recvmmsg(fd, receiving(&errors), (unsigned)batch_size, MSG_DONTWAIT | MSG_ERRQUEUE, NULL);
  for (int i = 0; i < n; i++) {
    uint32_t key = 0; /* probes are the only packets this socket sends: the key is the sequence number */
    int64_t stamp = kernel_stamp(&errors.msgs[i].msg_hdr, &key);
    if (slots[key % kSlots].seq != key) continue;
    slots[key % kSlots].t2 = stamp;
    got(key, kHaveT2);
  }
  return n > 0 ? n : 0;
}

static int read_answers(int fd) {
  int n = recvmmsg(fd, receiving(&in), (unsigned)batch_size, MSG_DONTWAIT, NULL);
  for (int i = 0; i < n; i++) {
    struct wire *w = &in.packets[i].wire;
    uint32_t slot = w->seq % kSlots;
    if (slots[slot].seq != w->seq) continue;
    slots[slot].t4 = w->t4;
    if (w->kind == kAnswer) {
      slots[slot].t3 = w->t3;
      slots[slot].t5 = kernel_stamp(&in.msgs[i].msg_hdr, NULL);
    }
    got(w->seq, w->kind == kFollowUp ? kHaveT4 : plan.exchange == 3 ? kHaveAnswer : kHaveAnswer | kHaveT4);
  }
  return n > 0 ? n : 0;
}

static int drain(int fd) {
  int total = 0, n;
  do total += n = read_stamps(fd) + read_answers(fd);
  while (n >= batch_size);
  return total;
}

/* Nothing came for 100 ms: what is under way is lost, and stays so if it comes after all. */
static void give_up(void) {
  lost = sent - completed;
  for (uint32_t i = 0; i < kSlots; i++) slots[i].seq = ~0u;
}

static void flat_out(int fd) {
  while (!stop && (sent < plan.probes || completed + lost < sent)) {
    uint32_t under_way = sent - completed - lost;
    uint32_t left = plan.probes - sent;
    uint32_t n = left < (uint32_t)batch_size ? left : (uint32_t)batch_size;
    int busy = n > 0 && under_way + n <= plan.window;
    if (busy) send_probes(fd, (int)n);
    if (read_stamps(fd) + read_answers(fd) > 0 || busy) continue;
    if (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 100) == 0) give_up();
  }
}

static void paced(int fd) {
  int64_t start = clock_ns(CLOCK_MONOTONIC), tick = start, idle_since = start;
  while (!stop && (sent < plan.probes || completed + lost < sent)) {
    sleep_to_next_tick(&tick);
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    uint64_t due = (uint64_t)(now - start) * plan.rate / 1000000000u;
    if (due > plan.probes) due = plan.probes;
    while (sent < due) send_probes(fd, due - sent < (uint64_t)batch_size ? (int)(due - sent) : batch_size);
    if (drain(fd) > 0) idle_since = now;
    if (now - idle_since > 100000000) give_up();
  }
}

static void probe(void) {
  int fd = open_socket(SOF_TIMESTAMPING_TX_SOFTWARE);
  rtts = calloc(plan.probes, sizeof *rtts);
  program_rtts = calloc(plan.probes, sizeof *program_rtts);
  if (!rtts || !program_rtts) die("calloc");
  int64_t cpu = cpu_ns(), start = clock_ns(CLOCK_MONOTONIC);
  if (plan.rate) paced(fd);
  else flat_out(fd);
  print_figures(&(struct figures){sent, completed, lost, clock_ns(CLOCK_MONOTONIC) - start, cpu_ns() - cpu, rtts,
                                  program_rtts});
}

int main(int argc, char **argv) {
  for (int i = 2; i + 1 < argc; i += 2) {
    long value = strtol(argv[i + 1], NULL, 10);
    if (!strcmp(argv[i], "--port")) plan.port = (int)value;
    else if (!strcmp(argv[i], "--exchange")) plan.exchange = (int)value;
    else if (!strcmp(argv[i], "--probes")) plan.probes = (uint32_t)value;
    else if (!strcmp(argv[i], "--rate")) plan.rate = (uint32_t)value;
    else if (!strcmp(argv[i], "--addresses")) plan.addresses = (int)value;
    else if (!strcmp(argv[i], "--window")) plan.window = (uint32_t)value;
    else if (!strcmp(argv[i], "--batch")) batch_size = value < kMaxBatch ? (int)value : kMaxBatch;
    else return fprintf(stderr, "unknown option %s\n", argv[i]), 2;
  }
  end_in_time();
  init_batch(&in), init_batch(&out), init_batch(&errors);
  if (argc > 1 && !strcmp(argv[1], "reflector")) return reflect(plan.exchange), 0;
  if (argc > 1 && !strcmp(argv[1], "prober") && plan.port > 0) return probe(), 0;
  return fprintf(stderr, "usage: udp_loop reflector|prober --port N ...\n"), 2;
}
