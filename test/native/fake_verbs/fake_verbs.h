// RDMA devices that exist only in this process: a shared library with the ABI of libibverbs, so that the code of the
// product runs over it as it is (WEFT_LIBIBVERBS=.../libfake_verbs.so). Devices fake0, fake1, ... hang on one wire. What
// soft-RoCE has not is here: completion clocks of any frequency and width, and every fault at a word of the test.
//
// Stamps are exact by construction: a packet leaves at the moment of its post (rounded up to 32 ns, which is a whole
// number of ticks at 31.25 MHz and its multiples) and arrives one latency later, whenever a thread comes to deliver
// it. With a latency that is a multiple of 32 ns, T5 - T2 - (T4 - T3) is twice the latency to the nanosecond, on the most
// hogged machine. (Other latencies and frequencies lose up to a tick at each stamp, as with any NIC.)
//
// Configuration: environment variable FAKE_VERBS, `devices=2,latency_us=4.8,fake1.clock=none` (settings below; without a
// device's name for all). Control: the function below, or text lines over a unix stream socket: when FAKE_VERBS_CONTROL
// names one, the library connects to it as it is loaded and answers every line with one: `ok ...` or `error ENAME reason`.
//
// Commands (DEV is fake0, ... or `all`):
//   configure SETTINGS           as FAKE_VERBS; only while no device is open. Forgets all counts and faults.
//   set DEV KEY VALUE            one setting, at run time.
//   get DEV [COUNT ...]          `name=value ...`, summed over the devices; see counters.h for the names. `heap_bytes`: of the
//                                library, all devices.
//   qps DEV                      the queue pairs: `qpn=17 state=3 receives=256 sends=0; ...`
//   packets DEV                  the last 64 packets that DEV sent, oldest first, with header fields and payload.
//   fault DEV ACTION [ARG ...]   see below; answers the rule's id.
//   clear [DEV]                  all fault rules and planned failures (of DEV).
//   fail CALL ERRNO [at=N] [times=M]    the Nth call from now on (default 1) and the M-1 after it (default 1; 0: for ever)
//                                fail. CALL is a verb (ibv_create_qp) or `any`: whatever opens, allocates, registers,
//                                modifies, queries, arms, posts, polls or takes an event of the device.
//   event DEV NAME               port_err, port_active (with the port's state), device_fatal (every later call on the
//                                open contexts fails with EIO), gid_change, lid_change, pkey_change, sm_change,
//                                client_reregister, cq_err (of each completion queue, which goes on).
//   remove DEV / add DEV         unplugs it (device_fatal, not listed any more) / brings it back with other GIDs and qpns.
//   gid DEV INDEX ADDRESS|none   changes one entry of the GID table (its type stays) and says so (gid_change).
//   pkey DEV INDEX VALUE         changes one entry of the partition key table.
//   clock DEV jump NS            moves the device's clock.
//   spurious DEV                 an event on every completion channel, without a completion.
//   pending DEV                  number of packets and completions under way.
//
// Settings: link (roce4, roce6, ib; only in FAKE_VERBS and configure), latency_us (one way, of what the device sends),
//   clock (none, raw, ns: wall clock and raw), clock_hz, mask_bits, drift_ppm, loss (0..1), seed, completion_delay_us (of
//   sends), moderation_us (what is due is delivered at most so often, as NICs moderate interrupts: cheaper at high rates;
//   the largest of all devices counts), resolve_us (the kernel asks the network for so long when an address handle
//   is made, or until this is set to less), flow_labels (0: the source port follows the queue pair), mtu (bytes),
//   max_inline, max_qp_wr, max_cqe, next_qpn, lid, vendor_id, ifindex. Of the whole: devices (how many), far_hosts (how many, at 10.1.0.0 and up, answer
//   weft's probes at queue pair 1 without being devices; no fault touches them but those on the way out and in).
//
// Fault actions on what DEV sends: drop, duplicate, delay (us=: on the wire, so that others overtake it), send_error
//   (status=, an ibv_wc_status; default 21, IBV_WC_GENERAL_ERR; the packet stays here and the queue pair goes to SQE),
//   lose_completion, delay_completion (us=), complete_twice (a second completion says status=). On what DEV receives:
//   receive_error (status=; queue pair goes to ERR), starve (as if no receive was posted), flood (the packet comes again
//   for every receive that is posted, now and later), hide_grh (its completion says that there is none), before_arming
//   (it comes when its queue is armed the next time, before that: after the last poll, and too early for an event).
//   Arguments: p=0.1 (probability), count=3 (so many packets; default 1 without p, no end with it), from=QPN, to=QPN,
//   flow=LABEL, byteN=VALUE (payload byte), keep=1 (an error leaves the queue pair in its state).
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// Runs one command. Returns 0 or an errno; `answer` gets what it says, a text without a line's end, cut to `size`.
// Thread-safe.
__attribute__((visibility("default"))) int fake_verbs_command(const char *command, char *answer, size_t size);

#ifdef __cplusplus
}
#endif
