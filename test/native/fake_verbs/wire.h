// What is under way: packets, and completions that come later. A thread delivers in real time; whoever polls a
// completion queue delivers what is due as well. Stamps say when it was due, not when it was delivered.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <optional>

#include "faults.h"
#include "objects.h"

namespace fake_verbs {

class World;

// All of it REQUIRES the world's lock.
class Wire {
 public:
  explicit Wire(World &world) : world_(world) {}

  // Puts a packet on the wire and completes its work request. `completion` is what the sender gets, if anything.
  void send(Qp &qp, Packet packet, std::optional<Completion> completion);
  // Delivers what is due.
  void advance();
  void clear() { under_way_.clear(); }
  // Completions of a queue pair that is no more.
  void forget(const Device &device, uint32_t qpn);
  size_t under_way() const { return under_way_.size(); }

 private:
  struct Item {
    unsigned device = 0;                   // it goes to
    std::optional<Packet> packet;          // or:
    std::optional<Completion> completion;  // of a send
  };

  void schedule(int64_t time_ns, Item item);
  void complete_send(Qp &qp, const Completion &completion, int64_t sent_ns, const Fate &fate);
  void transmit(Device &sender, const Packet &packet, int64_t extra_delay_ns);
  Device *destination(const Packet &packet);
  // When the thread is to deliver what is due then.
  int64_t wake_time(int64_t due_ns) const;
  void start_thread();
  void deliver_for_ever();

  World &world_;
  std::multimap<int64_t, Item> under_way_;  // by the time when it is due
  std::condition_variable changed_;
  bool running_ = false;
  int64_t wakes_ns_ = 0;      // the thread, by itself
  int64_t delivered_ns_ = 0;  // by the thread, the last time
};

}  // namespace fake_verbs
