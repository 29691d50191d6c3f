/*
 * What the loops share: clocks, CPU time, an end that comes for sure, and the line of figures they print. Included once
 * by each program, so everything is static, and inline, since none needs all.
 */
#ifndef WEFT_BENCH_LOOP_H
#define WEFT_BENCH_LOOP_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { kMaxLifeSeconds = 300, kTickNs = 1000000 };

static volatile sig_atomic_t stop;

static inline void on_signal(int signal_number) {
  (void)signal_number;
  stop = 1;
}

/* SIGTERM, the end of the bench and kMaxLifeSeconds end the program through `stop`. */
static inline void end_in_time(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGALRM, &action, NULL);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  alarm(kMaxLifeSeconds);
}

static inline void die(const char *what) {
  perror(what);
  exit(1);
}

static inline int64_t clock_ns(clockid_t clock) {
  struct timespec ts;
  clock_gettime(clock, &ts);
  return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* User and system time of the whole process. */
static inline int64_t cpu_ns(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000LL +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000LL;
}

/* Sleeps to the next millisecond after `*tick`, CLOCK_MONOTONIC, and moves it there. */
static inline void sleep_to_next_tick(int64_t *tick) {
  *tick += kTickNs;
  struct timespec until = {*tick / 1000000000, *tick % 1000000000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

/* The n-th destination: 127.1.0.1, 127.1.0.2, ... as bench/loopback.ts has them. */
static inline struct sockaddr_in loopback_host(uint32_t n, int port) {
  struct sockaddr_in host = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  host.sin_addr.s_addr = htonl(0x7f010000u + (n / 250 << 8) + n % 250 + 1);
  return host;
}

/* Says which port `fd` is bound to. */
static inline void print_port(int fd) {
  struct sockaddr_in self;
  socklen_t length = sizeof self;
  if (getsockname(fd, (struct sockaddr *)&self, &length)) die("getsockname");
  printf("{\"port\":%d}\n", ntohs(self.sin_port));
  fflush(stdout);
}

static inline int ascending(const void *a, const void *b) {
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

struct figures {
  uint32_t probes, completed, lost;
  int64_t wall_ns, cpu_ns;
  int32_t *network_rtts, *program_rtts; /* ns, `completed` of each; sorted in place */
};

static inline void print_figures(const struct figures *f) {
  qsort(f->network_rtts, f->completed, sizeof *f->network_rtts, ascending);
  qsort(f->program_rtts, f->completed, sizeof *f->program_rtts, ascending);
  uint32_t p50 = f->completed / 2, p99 = (uint32_t)(f->completed * 0.99);
  printf("{\"probes\":%u,\"completed\":%u,\"lost\":%u,\"wallNs\":%lld,\"cpuNs\":%lld,\"networkP50Ns\":%d,"
         "\"networkP99Ns\":%d,\"programP50Ns\":%d,\"programP99Ns\":%d}\n",
         f->probes, f->completed, f->lost, (long long)f->wall_ns, (long long)f->cpu_ns, f->network_rtts[p50],
         f->network_rtts[p99], f->program_rtts[p50], f->program_rtts[p99]);
}

#endif
