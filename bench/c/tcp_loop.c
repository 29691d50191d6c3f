/*
 * The limit: what the kernel charges for one TCP probe, and nothing else. The system calls are those of weft's prober, in
 * its order, but for SO_ERROR: here every peer answers. No timers, no table of connections, no pacing per target. weft's
 * CPU per probe is read as a ratio to this one.
 *
 *   tcp_loop reflector
 *       listens on a free port of 0.0.0.0, prints {"port":N}, holds each connection until its peer ends it, until
 *       SIGTERM, then prints its CPU time
 *   tcp_loop prober --port N [--probes N] [--rate PER_S] [--addresses N]
 *       wakes every millisecond, opens what is due, takes everything that is connected with one epoll_wait, reads the
 *       kernel's round trip and resets the connection
 *
 * On loopback the handshake runs to its end inside connect(), so the CPU of the prober holds both sides of it; accept()
 * and close() of the reflector are its own. `network` is tcpi_rtt, `program` the time from connect() to epoll_wait().
 */
#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { kMaxEvents = 256, kMaxOpened = 64, kMaxFds = 1 << 16, kBacklog = 4096, kLostAfterNs = 3000000000 };

static struct epoll_event events[kMaxEvents];

static int open_epoll(void) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) die("epoll_create1");
  return epoll;
}

static void watch(int epoll, int fd, uint32_t what) {
  struct epoll_event event = {.events = what, .data.fd = fd};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
}

/* ---- reflector ---- */

static int open_listener(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  struct sockaddr_in any = {.sin_family = AF_INET};
  if (bind(fd, (struct sockaddr *)&any, sizeof any)) die("bind");
  if (listen(fd, kBacklog)) die("listen");
  return fd;
}

static long accept_all(int epoll, int listener) {
  long accepted = 0;
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0; accepted++)
    watch(epoll, fd, EPOLLIN | EPOLLRDHUP);
  return accepted;
}

static void reflect(void) {
  int epoll = open_epoll(), listener = open_listener();
  watch(epoll, listener, EPOLLIN);
  print_port(listener);
  long connections = 0;
  while (!stop) {
    int n = epoll_wait(epoll, events, kMaxEvents, 1000);
    for (int i = 0; i < n; i++) {
      if (events[i].data.fd == listener) connections += accept_all(epoll, listener);
      else close(events[i].data.fd);
    }
  }
  printf("{\"connections\":%ld,\"cpuNs\":%lld}\n", connections, (long long)cpu_ns());
}

/* ---- prober ---- */

static struct {
  int port;
  uint32_t probes, rate, addresses;
} plan = {0, 25000, 5000, 4000};

static uint32_t sent, lost, completed;
static int64_t connected_at[kMaxFds]; /* CLOCK_MONOTONIC at connect(), by descriptor */
static int32_t *rtts, *connect_times;

static void open_probe(int epoll) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || fd >= kMaxFds) die("socket");
  struct linger reset = {.l_onoff = 1, .l_linger = 0};
  if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset)) die("SO_LINGER");
  struct sockaddr_in host = loopback_host(sent % plan.addresses, plan.port);
  connected_at[fd] = clock_ns(CLOCK_MONOTONIC);
  if (connect(fd, (struct sockaddr *)&host, sizeof host) && errno != EINPROGRESS) die("connect");
  struct sockaddr_in self; /* the source port the kernel chose */
  socklen_t length = sizeof self;
  if (getsockname(fd, (struct sockaddr *)&self, &length)) die("getsockname");
  watch(epoll, fd, EPOLLOUT);
  sent++;
}

static void finish_probe(const struct epoll_event *event, int64_t now) {
  int fd = event->data.fd;
  struct tcp_info info;
  socklen_t length = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length)) die("TCP_INFO");
  close(fd);
  if (event->events & (EPOLLERR | EPOLLHUP) || info.tcpi_total_retrans > 0) {
    lost++;
    return;
  }
  rtts[completed] = (int32_t)(info.tcpi_rtt * 1000);
  connect_times[completed++] = (int32_t)(now - connected_at[fd]);
}

static int finish_ready(int epoll) {
  int n = epoll_wait(epoll, events, kMaxEvents, 0);
  int64_t now = clock_ns(CLOCK_MONOTONIC);
  for (int i = 0; i < n; i++) finish_probe(&events[i], now);
  return n;
}

/* What never connects within kLostAfterNs of the last probe is left to the end of the process, and lost. */
static void probe(void) {
  rtts = calloc(plan.probes + 1, sizeof *rtts);
  connect_times = calloc(plan.probes + 1, sizeof *connect_times);
  if (!rtts || !connect_times) die("calloc");
  int epoll = open_epoll();
  int64_t cpu = cpu_ns(), start = clock_ns(CLOCK_MONOTONIC), tick = start, idle_since = start;
  while (!stop && completed + lost < plan.probes) {
    sleep_to_next_tick(&tick);
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    uint64_t due = (uint64_t)(now - start) * plan.rate / 1000000000u;
    if (due > plan.probes) due = plan.probes;
    do { /* after a pause of the machine much is due: no more than kMaxOpened descriptors at a time */
      for (int opened = 0; sent < due && opened < kMaxOpened; opened++) open_probe(epoll);
      if (finish_ready(epoll) > 0) idle_since = now;
    } while (sent < due);
    if (now - idle_since > kLostAfterNs) lost = sent - completed;
  }
  print_figures(&(struct figures){sent, completed, lost, clock_ns(CLOCK_MONOTONIC) - start, cpu_ns() - cpu, rtts,
                                  connect_times});
}

int main(int argc, char **argv) {
  for (int i = 2; i + 1 < argc; i += 2) {
    long value = strtol(argv[i + 1], NULL, 10);
    if (!strcmp(argv[i], "--port")) plan.port = (int)value;
    else if (!strcmp(argv[i], "--probes")) plan.probes = (uint32_t)value;
    else if (!strcmp(argv[i], "--rate")) plan.rate = (uint32_t)value;
    else if (!strcmp(argv[i], "--addresses")) plan.addresses = (uint32_t)value;
    else return fprintf(stderr, "unknown option %s\n", argv[i]), 2;
  }
  end_in_time();
  if (argc > 1 && !strcmp(argv[1], "reflector")) return reflect(), 0;
  int valid = plan.port > 0 && plan.rate > 0 && plan.addresses > 0;
  if (argc > 1 && !strcmp(argv[1], "prober") && valid) return probe(), 0;
  return fprintf(stderr, "usage: tcp_loop reflector|prober --port N ...\n"), 2;
}
