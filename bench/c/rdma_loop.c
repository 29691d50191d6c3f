/*
 * The limit: what verbs charge for one RDMA probe on both ends, and nothing else. Probe, ACK1 and ACK2 over UD queue
 * pairs with completion timestamps; the calls are those of weft's engine, in its order. The reflector sleeps on its
 * completion channel, takes and acknowledges the events, arms, polls until the queue is empty, posts what was received
 * again and answers; the prober polls every millisecond, without events. Both ends are threads of this process, since the
 * devices of the fake verbs library exist in one process only. A flat array as probe table, one address handle an end, no
 * timers, no targets, no recovery. weft's CPU per probe is read as a ratio to this one.
 *
 *   WEFT_LIBIBVERBS=... rdma_loop [--probes N] [--rate PER_S]
 *       probes from fake0 to fake1: wakes every millisecond, takes what has completed and posts what is due; prints its
 *       figures
 *
 * `cpuNs` is that of the two threads: what the library's own thread does is the wire's.
 */
#define _GNU_SOURCE
#include "loop.h"

#include <dlfcn.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>

/* Inline functions of these names would call the library itself. */
#undef ibv_get_device_list
#undef ibv_reg_mr

enum { kGidIndex = 3 /* RoCE v2, IPv4 */, kPort = 1, kQkey = 0x12345678, kSlots = 512, kSlotBytes = 128 };
enum { kGrhBytes = 40, kIpv4Source = 32, kMaxOpened = 64, kWaitMs = 100, kLostAfterNs = 1000000000 };
enum { kHaveT2 = 1, kHaveAck1 = 2, kHaveAck2 = 4, kDone = 7 };
/* wr_id: a send slot, or a receive slot with this bit. */
static const uint64_t kReceive = 1u << 31;

#define VERBS(X)                                                                                                  \
  X(ibv_get_device_list) X(ibv_open_device) X(ibv_query_gid) X(ibv_alloc_pd) X(ibv_reg_mr) X(ibv_create_qp)        \
  X(ibv_create_comp_channel) X(ibv_get_cq_event) X(ibv_ack_cq_events) X(ibv_modify_qp) X(ibv_create_ah)

static struct {
#define FIELD(name) __typeof__(name) *name;
  VERBS(FIELD)
} verbs;

static void load_verbs(void) {
  const char *path = getenv("WEFT_LIBIBVERBS");
  void *library = dlopen(path != NULL ? path : "libibverbs.so.1", RTLD_NOW);
  if (!library) die(dlerror());
#define LOAD(name) \
  if (!(verbs.name = (__typeof__(name) *)dlsym(library, #name))) die(#name);
  VERBS(LOAD)
}

/* weft's payload: see native/src/rdma/payload.h. */
struct __attribute__((packed)) payload {
  uint8_t version, type, ack, flags;
  uint64_t sequence, t1, t3, t4;
  uint32_t reserved;
};

/* ---- an end: one queue pair on one device ---- */

struct end {
  struct ibv_context *context;
  struct ibv_pd *pd;
  struct ibv_comp_channel *channel;
  struct ibv_cq_ex *cq;
  struct ibv_qp *qp;
  struct ibv_mr *mr;
  union ibv_gid gid;
  double ns_per_tick;
  uint32_t free_sends[kSlots], free_count;
  char receives[kSlots][kSlotBytes], sends[kSlots][kSlotBytes];
};

static struct end prober, reflector;

/* REQUIRES: free_count > 0. */
static uint32_t take_send_slot(struct end *e) { return e->free_sends[--e->free_count]; }

static void free_send_slot(struct end *e, uint32_t slot) { e->free_sends[e->free_count++] = slot; }

static void post_receive(struct end *e, uint32_t slot) {
  struct ibv_sge part = {(uintptr_t)e->receives[slot], kSlotBytes, e->mr->lkey};
  struct ibv_recv_wr request = {.wr_id = kReceive | slot, .sg_list = &part, .num_sge = 1}, *bad;
  if (ibv_post_recv(e->qp, &request, &bad)) die("ibv_post_recv");
}

static void post_send(struct end *e, uint32_t slot, const struct payload *payload, struct ibv_ah *ah, uint32_t qpn) {
  memcpy(e->sends[slot], payload, sizeof *payload);
  struct ibv_sge part = {(uintptr_t)e->sends[slot], sizeof *payload, e->mr->lkey};
  struct ibv_send_wr request = {.wr_id = slot,
                                .sg_list = &part,
                                .num_sge = 1,
                                .opcode = IBV_WR_SEND,
                                .send_flags = IBV_SEND_SIGNALED | IBV_SEND_INLINE,
                                .wr.ud = {.ah = ah, .remote_qpn = qpn, .remote_qkey = kQkey}},
                     *bad;
  if (ibv_post_send(e->qp, &request, &bad)) die("ibv_post_send");
}

static struct ibv_ah *handle_to(struct end *e, const union ibv_gid *gid) {
  struct ibv_ah_attr attributes = {.is_global = 1, .port_num = kPort};
  attributes.grh = (struct ibv_global_route){.dgid = *gid, .flow_label = 1, .sgid_index = kGidIndex, .hop_limit = 64};
  struct ibv_ah *ah = verbs.ibv_create_ah(e->pd, &attributes);
  if (!ah) die("ibv_create_ah");
  return ah;
}

static void open_device(struct end *e, int number) {
  struct ibv_device **list = verbs.ibv_get_device_list(NULL);
  if (!list || !list[0] || (number > 0 && !list[number])) die("ibv_get_device_list");
  if (!(e->context = verbs.ibv_open_device(list[number]))) die("ibv_open_device");
  if (verbs.ibv_query_gid(e->context, kPort, kGidIndex, &e->gid)) die("ibv_query_gid");
  struct ibv_device_attr_ex device;
  struct verbs_context *extended = verbs_get_ctx(e->context);
  if (extended->query_device_ex(e->context, NULL, &device, sizeof device)) die("ibv_query_device_ex");
  e->ns_per_tick = 1e6 / (double)device.hca_core_clock;
}

static void make_queue(struct end *e) {
  if (!(e->channel = verbs.ibv_create_comp_channel(e->context))) die("ibv_create_comp_channel");
  fcntl(e->channel->fd, F_SETFL, O_NONBLOCK);
  struct ibv_cq_init_attr_ex attributes = {.cqe = 2 * kSlots, .channel = e->channel};
  attributes.wc_flags = IBV_WC_EX_WITH_BYTE_LEN | IBV_WC_EX_WITH_SRC_QP | IBV_WC_EX_WITH_COMPLETION_TIMESTAMP;
  if (!(e->cq = ibv_create_cq_ex(e->context, &attributes))) die("ibv_create_cq_ex");
}

static void change_state(struct end *e, struct ibv_qp_attr attributes, int mask) {
  if (verbs.ibv_modify_qp(e->qp, &attributes, IBV_QP_STATE | mask)) die("ibv_modify_qp");
}

static void open_end(struct end *e, int number) {
  open_device(e, number);
  make_queue(e);
  if (!(e->pd = verbs.ibv_alloc_pd(e->context))) die("ibv_alloc_pd");
  if (!(e->mr = verbs.ibv_reg_mr(e->pd, e->receives, sizeof e->receives + sizeof e->sends, IBV_ACCESS_LOCAL_WRITE)))
    die("ibv_reg_mr");
  struct ibv_cq *cq = ibv_cq_ex_to_cq(e->cq);
  struct ibv_qp_init_attr attributes = {.send_cq = cq, .recv_cq = cq, .qp_type = IBV_QPT_UD};
  attributes.cap = (struct ibv_qp_cap){kSlots, kSlots, 1, 1, sizeof(struct payload)};
  if (!(e->qp = verbs.ibv_create_qp(e->pd, &attributes))) die("ibv_create_qp");
  change_state(e, (struct ibv_qp_attr){.qp_state = IBV_QPS_INIT, .port_num = kPort, .qkey = kQkey},
               IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_QKEY);
  for (uint32_t slot = 0; slot < kSlots; slot++) {
    post_receive(e, slot);
    free_send_slot(e, slot);
  }
  change_state(e, (struct ibv_qp_attr){.qp_state = IBV_QPS_RTR}, 0);
  change_state(e, (struct ibv_qp_attr){.qp_state = IBV_QPS_RTS}, IBV_QP_SQ_PSN);
}

static int64_t stamp_ns(struct end *e) { return (int64_t)((double)ibv_wc_read_completion_ts(e->cq) * e->ns_per_tick); }

typedef void take_completion(struct end *e, int64_t now_ns);

static void drain(struct end *e, take_completion *take) {
  struct ibv_poll_cq_attr attributes = {0};
  if (ibv_start_poll(e->cq, &attributes)) return;
  int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
  do {
    if (e->cq->status != IBV_WC_SUCCESS) die("completion");
    take(e, now_ns);
  } while (!ibv_next_poll(e->cq));
  ibv_end_poll(e->cq);
}

/* ---- reflector ---- */

static struct {
  uint64_t sequence;
  int64_t t3_ns;
  uint8_t ack;
} answers[kSlots]; /* by send slot */

static struct ibv_ah *handle_back;

static void answer(struct end *e, uint32_t slot, uint8_t ack, int64_t t4_ns) {
  answers[slot].ack = ack;
  struct payload payload = {1, 1, ack, 0, answers[slot].sequence, 0, htobe64((uint64_t)answers[slot].t3_ns),
                            htobe64((uint64_t)t4_ns), 0};
  post_send(e, slot, &payload, handle_back, prober.qp->qp_num);
}

static void reflect(struct end *e, int64_t now_ns) {
  (void)now_ns;
  uint32_t slot = (uint32_t)e->cq->wr_id;
  if (!(e->cq->wr_id & kReceive)) {
    if (answers[slot].ack == 1) answer(e, slot, 2, stamp_ns(e));
    else free_send_slot(e, slot);
    return;
  }
  slot &= ~(uint32_t)kReceive;
  const char *received = e->receives[slot];
  if (!handle_back) {
    union ibv_gid source = {.raw = {[10] = 0xff, [11] = 0xff}};
    memcpy(source.raw + 12, received + kIpv4Source, 4);
    handle_back = handle_to(e, &source);
  }
  uint64_t sequence = ((const struct payload *)(received + kGrhBytes))->sequence;
  post_receive(e, slot);
  if (e->free_count == 0) return; /* dropped: the machine paused for too long */
  uint32_t send_slot = take_send_slot(e);
  answers[send_slot].sequence = sequence;
  answers[send_slot].t3_ns = stamp_ns(e);
  answer(e, send_slot, 1, 0);
}

static void arm(struct end *e) {
  struct ibv_cq *cq;
  void *cookie;
  unsigned events = 0;
  while (!verbs.ibv_get_cq_event(e->channel, &cq, &cookie)) events++;
  if (events > 0) verbs.ibv_ack_cq_events(ibv_cq_ex_to_cq(e->cq), events);
  if (ibv_req_notify_cq(ibv_cq_ex_to_cq(e->cq), 0)) die("ibv_req_notify_cq");
}

static void *reflect_until_stopped(void *unused) {
  struct end *e = &reflector;
  struct pollfd polled = {e->channel->fd, POLLIN, 0};
  while (!stop) {
    arm(e);
    drain(e, reflect); /* what came before it was armed raises no event */
    if (poll(&polled, 1, kWaitMs) > 0) drain(e, reflect);
  }
  return unused;
}

/* ---- prober ---- */

static struct {
  uint32_t probes, rate;
} plan = {50000, 10000};

struct probe {
  int64_t t1_ns, t2_ns, t3_ns, t4_ns, t5_ns, t6_ns;
  int have;
};

static struct probe *probes;
static uint32_t sent, completed, owners[kSlots] /* by send slot */;
static int32_t *network_rtts, *program_rtts;

static void send_probe(struct end *e, struct ibv_ah *to) {
  uint32_t slot = take_send_slot(e);
  struct payload payload = {.version = 1, .sequence = htobe64(sent)};
  owners[slot] = sent;
  probes[sent].t1_ns = clock_ns(CLOCK_MONOTONIC);
  post_send(e, slot, &payload, to, reflector.qp->qp_num);
  sent++;
}

static void have(struct probe *probe, int what) {
  probe->have |= what;
  if (probe->have != kDone) return;
  network_rtts[completed] = (int32_t)(probe->t5_ns - probe->t2_ns - (probe->t4_ns - probe->t3_ns));
  program_rtts[completed++] = (int32_t)(probe->t6_ns - probe->t1_ns);
}

static void match(struct end *e, int64_t now_ns) {
  uint32_t slot = (uint32_t)e->cq->wr_id;
  if (!(e->cq->wr_id & kReceive)) {
    struct probe *probe = &probes[owners[slot]];
    probe->t2_ns = stamp_ns(e);
    free_send_slot(e, slot);
    return have(probe, kHaveT2);
  }
  slot &= ~(uint32_t)kReceive;
  struct payload ack;
  memcpy(&ack, e->receives[slot] + kGrhBytes, sizeof ack);
  struct probe *probe = &probes[be64toh(ack.sequence)];
  if (ack.ack == 1) {
    probe->t5_ns = stamp_ns(e);
    probe->t6_ns = now_ns;
  } else {
    probe->t3_ns = (int64_t)be64toh(ack.t3);
    probe->t4_ns = (int64_t)be64toh(ack.t4);
  }
  post_receive(e, slot);
  have(probe, ack.ack == 1 ? kHaveAck1 : kHaveAck2);
}

/* What has not come back kLostAfterNs after the last probe is lost. */
static void probe(struct ibv_ah *to) {
  int64_t start = clock_ns(CLOCK_MONOTONIC), tick = start, last_sent = start;
  while (!stop && completed < plan.probes && tick - last_sent < kLostAfterNs) {
    sleep_to_next_tick(&tick);
    drain(&prober, match);
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    uint64_t due = (uint64_t)(now - start) * plan.rate / 1000000000u;
    if (due > plan.probes) due = plan.probes;
    if (sent < due) last_sent = now;
    while (sent < due) { /* after a pause of the machine much is due: no more than the queues have room for */
      for (int opened = 0; sent < due && opened < kMaxOpened && prober.free_count > 0; opened++) send_probe(&prober, to);
      drain(&prober, match);
    }
  }
}

static int64_t cpu_ns_of(pthread_t thread) {
  clockid_t clock;
  if (pthread_getcpuclockid(thread, &clock)) die("pthread_getcpuclockid");
  return clock_ns(clock);
}

static void run(void) {
  load_verbs();
  open_end(&prober, 0);
  open_end(&reflector, 1);
  probes = calloc(plan.probes, sizeof *probes);
  network_rtts = calloc(plan.probes + 1, sizeof *network_rtts);
  program_rtts = calloc(plan.probes + 1, sizeof *program_rtts);
  if (!probes || !network_rtts || !program_rtts) die("calloc");
  pthread_t thread;
  if (pthread_create(&thread, NULL, reflect_until_stopped, NULL)) die("pthread_create");
  struct ibv_ah *to = handle_to(&prober, &reflector.gid);
  int64_t start = clock_ns(CLOCK_MONOTONIC), cpu = cpu_ns_of(pthread_self()) + cpu_ns_of(thread);
  probe(to);
  cpu = cpu_ns_of(pthread_self()) + cpu_ns_of(thread) - cpu;
  print_figures(&(struct figures){sent, completed, sent - completed, clock_ns(CLOCK_MONOTONIC) - start, cpu,
                                  network_rtts, program_rtts});
}

int main(int argc, char **argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    long value = strtol(argv[i + 1], NULL, 10);
    if (!strcmp(argv[i], "--probes")) plan.probes = (uint32_t)value;
    else if (!strcmp(argv[i], "--rate")) plan.rate = (uint32_t)value;
    else return fprintf(stderr, "unknown option %s\n", argv[i]), 2;
  }
  if (argc % 2 == 0 || plan.probes == 0 || plan.rate == 0)
    return fprintf(stderr, "usage: rdma_loop [--probes N] [--rate PER_S]\n"), 2;
  end_in_time();
  run();
  return 0;
}
