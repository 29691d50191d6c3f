// The address handles of one port: made by threads of their own, since making one may resolve an Ethernet address and so
// block for a second, and kept in a bounded table. Apart from those threads, for one thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "base/lru_map.h"
#include "base/thread.h"
#include "base/wakeup.h"
#include "rdma/gid.h"
#include "rdma/ud_port.h"

namespace weft {

// All that decides on which way a packet goes.
struct PeerAddress {
  Gid gid{};
  uint32_t flow_label = 0;
  uint16_t lid = 0;
  uint8_t traffic_class = 0;
  uint8_t service_level = 0;
  bool global = true;  // with a GRH: always on RoCE

  bool operator==(const PeerAddress& other) const;
};

struct PeerAddressHash {
  size_t operator()(const PeerAddress& address) const;
};

class AddressHandles {
 public:
  // Neither a handle nor an error: it is being made, and `fd` becomes readable.
  struct Found {
    ibv_ah* handle = nullptr;
    int error = 0;  // errno of the last try; it is repeated ever less often, every eight seconds at last
  };

  // `port_number` of `port`, which outlives this. Errors: eventfd, pthread_create.
  static Result<std::unique_ptr<AddressHandles>> create(const UdPort& port, uint8_t port_number, size_t capacity);
  // Waits for what is being made: see `end`.
  ~AddressHandles();
  AddressHandles(const AddressHandles&) = delete;
  AddressHandles& operator=(const AddressHandles&) = delete;

  // Old handles are made anew in the background, so that a peer whose Ethernet address has changed is found again.
  // `make` false: one that is not there is not made either, and takes no other's place.
  Found find(const PeerAddress& address, int64_t now_ns, bool make = true);
  // Nothing came back from there: the handle is made anew as soon as it is used again.
  void distrust(const PeerAddress& address, int64_t now_ns);
  // The link may lead elsewhere now: all handles are made anew as they are used.
  void distrust_all(int64_t now_ns) { distrusted_ns_ = now_ns; }
  // Puts what the threads have made in place. True when there was something.
  bool take_made(int64_t now_ns);
  // No handle is made from now on. False: one still is, and destroying this waits until it is there, for a second or so.
  bool end();
  int fd() const { return wakeup_.fd(); }
  size_t size() const { return table_.size(); }
  uint64_t evictions() const { return table_.evictions(); }

 private:
  struct Entry {
    VerbsPtr<ibv_ah> handle;
    int error = 0;
    bool asked = false;
    int64_t made_ns = INT64_MIN;
    int64_t fresh_until_ns = 0;
    int64_t retry_ns = 0;  // after the last failure
  };

  struct Made {
    PeerAddress address;
    VerbsPtr<ibv_ah> handle;
    int error = 0;
  };

  AddressHandles(const UdPort& port, uint8_t port_number, size_t capacity, Wakeup wakeup);

  Status start_threads();
  void ask(const PeerAddress& address, Entry& entry);
  void run();
  Made make(const PeerAddress& address) const;

  const UdPort& port_;
  uint8_t port_number_;
  const size_t capacity_;
  LruMap<PeerAddress, Entry, PeerAddressHash> table_;
  Wakeup wakeup_;
  int64_t distrusted_ns_ = INT64_MIN;
  // Replaced, and kept until no send under way can need them.
  struct Retired {
    VerbsPtr<ibv_ah> handle;
    int64_t until_ns;
  };
  std::deque<Retired> retired_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable asked_;
  std::deque<PeerAddress> wanted_;
  std::deque<PeerAddress> retried_;  // that failed before: they wait for the others
  std::vector<Made> made_;
  size_t making_ = 0;  // threads that make one
  bool ending_ = false;

  std::vector<Thread> threads_;  // last: they use all above
};

}  // namespace weft
