#include "wire.h"

#include <signal.h>
#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>

#include "completion_queue.h"
#include "far_hosts.h"
#include "headers.h"
#include "queue_pair.h"
#include "receive.h"
#include "world.h"

namespace fake_verbs {

namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

}  // namespace

void Wire::send(Qp &qp, Packet packet, std::optional<Completion> completion) {
  Device &sender = *context_of(qp.context)->device;
  advance();  // what is due comes before what is made now
  packet.sent_ns = std::max(round_up(now_ns()), sender.last_sent_ns);
  sender.last_sent_ns = packet.sent_ns;
  const Fate fate = sender.faults.of_sent(packet, sender.random);
  if (fate.status != IBV_WC_SUCCESS) {
    fail_send(qp, completion, packet, fate);
    return;
  }
  if (completion) complete_send(qp, *completion, packet.sent_ns, fate);
  sender.counters.add(Count::kSent);
  sender.sent.push_back(packet);
  if (sender.sent.size() > kRememberedPackets) sender.sent.pop_front();
  if (sender.port_state != IBV_PORT_ACTIVE) {
    sender.counters.add(Count::kDroppedPortDown);
  } else if (fate.drop) {
    sender.counters.add(Count::kDroppedFault);
  } else if (happens(sender.settings.loss, sender.random)) {
    sender.counters.add(Count::kDroppedLoss);
  } else {
    if (fate.delay_ns > 0) sender.counters.add(Count::kDelayed);
    transmit(sender, packet, fate.delay_ns);
    if (!fate.duplicate) return;
    sender.counters.add(Count::kDuplicated);
    transmit(sender, packet, fate.delay_ns);
  }
}

void Wire::complete_send(Qp &qp, const Completion &completion, int64_t sent_ns, const Fate &fate) {
  Device &sender = *context_of(qp.context)->device;
  if (fate.lose_completion) {
    sender.counters.add(Count::kLostCompletions);
    qp.unsignaled_sends += completion.frees;  // the next one frees its place
    return;
  }
  Completion stamped = completion;
  sender.stamp(stamped, sent_ns);
  const auto come = [&](const Completion &one) {
    if (qp.last_completion_ns <= now_ns()) {
      complete(*cq_of(qp.send_cq), one);
    } else {
      schedule(qp.last_completion_ns, {sender.number, {}, one});
    }
  };
  const int64_t delay = sender.settings.completion_delay_ns + fate.completion_delay_ns;
  qp.last_completion_ns = std::max(qp.last_completion_ns, delay > 0 ? sent_ns + delay : 0);
  come(stamped);
  if (!fate.second_completion) return;
  stamped.status = *fate.second_completion;
  stamped.frees = 0;
  come(stamped);
}

void Wire::transmit(Device &sender, const Packet &packet, int64_t extra_delay_ns) {
  const int64_t arrival_ns = packet.sent_ns + sender.settings.latency_ns + extra_delay_ns;
  if (Device *const receiver = destination(packet); receiver != nullptr) {
    schedule(arrival_ns, {receiver->number, packet, {}});
  } else if (is_far_host(packet.dgid, world_.far_hosts)) {
    for (Packet &answer : answers_of_far_host(packet, arrival_ns)) {
      const int64_t back_ns = answer.sent_ns + sender.settings.latency_ns;
      schedule(back_ns, {sender.number, std::move(answer), {}});
    }
  } else {
    sender.counters.add(Count::kDroppedNoRoute);
  }
}

Device *Wire::destination(const Packet &packet) {
  if (packet.global && is_zero(packet.sgid)) return nullptr;  // its source address is gone
  for (const auto &device : world_.devices) {
    if (!device->present) continue;
    if (packet.dlid != 0 ? device->lid() == packet.dlid : device->has_gid(packet.dgid)) return device.get();
  }
  return nullptr;
}

void Wire::forget(const Device &device, uint32_t qpn) {
  for (auto item = under_way_.begin(); item != under_way_.end();) {
    const bool is_its = item->second.device == device.number && item->second.completion &&
                        item->second.completion->qp_num == qpn;
    item = is_its ? under_way_.erase(item) : std::next(item);
  }
}

void Wire::schedule(int64_t time_ns, Item item) {
  under_way_.emplace(time_ns, std::move(item));
  if (!running_) start_thread();
  if (wake_time(time_ns) < wakes_ns_) changed_.notify_one();
}

void Wire::advance() {
  const int64_t now = now_ns();
  while (!under_way_.empty() && under_way_.begin()->first <= now) {
    const auto due = under_way_.extract(under_way_.begin());
    Device &device = *world_.devices[due.mapped().device];
    if (due.mapped().packet) {
      receive(device, *due.mapped().packet, due.key());
      continue;
    }
    const Completion &completion = *due.mapped().completion;
    const auto qp = device.qps.find(completion.qp_num);
    if (qp != device.qps.end()) complete(*cq_of(qp->second->send_cq), completion);
  }
}

int64_t Wire::wake_time(int64_t due_ns) const {
  int64_t moderation_ns = 0;
  for (const auto &device : world_.devices) moderation_ns = std::max(moderation_ns, device->settings.moderation_ns);
  return std::max(due_ns, delivered_ns_ + moderation_ns);
}

// Signals are for the threads of the program: this one takes none.
void Wire::start_thread() {
  running_ = true;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([this] { deliver_for_ever(); }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Wire::deliver_for_ever() {
  prctl(PR_SET_NAME, "fake-wire");
  prctl(PR_SET_TIMERSLACK, 1);  // ns: the default adds 50 us to every wait
  Lock lock(world_.mutex);
  for (;;) {
    wakes_ns_ = under_way_.empty() ? kNever : wake_time(under_way_.begin()->first);
    if (wakes_ns_ == kNever) {
      changed_.wait(lock);
    } else if (wakes_ns_ > now_ns()) {
      // steady_clock is CLOCK_MONOTONIC.
      changed_.wait_until(lock, std::chrono::steady_clock::time_point{std::chrono::nanoseconds(wakes_ns_)});
    } else {
      advance();
      delivered_ns_ = now_ns();
    }
  }
}

}  // namespace fake_verbs
