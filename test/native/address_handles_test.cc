// The table of address handles, on a port whose kernel resolves as slowly as it is told.

#include "base/clock.h"
#include "rdma/address_handles.h"
#include "ud_rig.h"

namespace weft::test {

namespace {

constexpr uint8_t kPort = 1;
constexpr size_t kCapacity = 4;

PeerAddress peer(uint8_t host) {
  const uint8_t ipv4[] = {10, 9, 0, host};
  PeerAddress address;
  address.gid = mapped_gid(ipv4);
  address.flow_label = 1;
  return address;
}

struct Rig {
  explicit Rig(const std::string &settings = "") : fake(settings) {
    auto opened = UdPort::open(config_of("fake0"));
    CHECK(opened.ok());
    port = std::move(opened.value());
    auto made = AddressHandles::create(*port, kPort, kCapacity);
    CHECK(made.ok());
    handles = std::move(made.value());
  }

  AddressHandles::Found await(const PeerAddress &address) {
    AddressHandles::Found found;
    wait_for("it is made, or cannot be", [&] {
      handles->take_made(monotonic_ns());
      found = handles->find(address, monotonic_ns());
      return found.handle != nullptr || found.error != 0;
    });
    return found;
  }

  const FakeVerbs fake;
  std::unique_ptr<UdPort> port;
  std::unique_ptr<AddressHandles> handles;
};

}  // namespace

TEST(rdma_address_handle_is_made_and_kept) {
  Rig rig;
  const ibv_ah *const made = rig.await(peer(1)).handle;
  CHECK(made != nullptr);
  CHECK(rig.handles->find(peer(1), monotonic_ns()).handle == made);
  CHECK_EQ(rig.handles->size(), 1);
}

TEST(rdma_address_handles_wanted_are_no_more_than_there_is_room_for) {
  Rig rig("resolve_us=600000000");
  for (int host = 0; host < 200; ++host) rig.handles->find(peer(static_cast<uint8_t>(host)), monotonic_ns());
  CHECK_EQ(rig.handles->size(), kCapacity);
  rig.fake.command("fail ibv_create_ah EHOSTUNREACH times=0");
  rig.fake.command("set fake0 resolve_us 0");
  // Its turn comes after all that were asked for before.
  CHECK_EQ(rig.await(peer(250)).error, EHOSTUNREACH);
  CHECK(rig.fake.count("fake0", "planned_failures") < 50);
}

TEST(rdma_address_handle_that_is_not_to_be_made_takes_no_place) {
  Rig rig;
  CHECK(rig.await(peer(1)).handle != nullptr);
  const AddressHandles::Found none = rig.handles->find(peer(2), monotonic_ns(), /*make=*/false);
  CHECK(none.handle == nullptr && none.error == 0);
  CHECK_EQ(rig.handles->size(), 1);
  CHECK(rig.handles->find(peer(1), monotonic_ns(), /*make=*/false).handle != nullptr);
}

// What was made long ago may lead where the peer is no more: it stays in use until the new one is there.
TEST(rdma_address_handle_is_made_anew_when_it_is_old_or_distrusted) {
  Rig rig;
  const auto renewed = [&](ibv_ah *old, int64_t now_ns) {
    CHECK(rig.handles->find(peer(1), now_ns).handle == old);
    ibv_ah *found = old;
    wait_for("there is another", [&] {
      rig.handles->take_made(now_ns);
      found = rig.handles->find(peer(1), now_ns).handle;
      return found != old;
    });
    CHECK(found != nullptr);
    return found;
  };
  ibv_ah *handle = rig.await(peer(1)).handle;
  int64_t now_ns = monotonic_ns() + 61 * kNsPerS;
  handle = renewed(handle, now_ns);
  now_ns += kNsPerS;
  rig.handles->distrust(peer(1), now_ns);  // made a moment ago: the loss has another cause
  CHECK(rig.handles->find(peer(1), now_ns).handle == handle);
  CHECK(!rig.handles->take_made(now_ns));
  now_ns += 2 * kNsPerS;
  rig.handles->distrust(peer(1), now_ns);
  handle = renewed(handle, now_ns);
  now_ns += kNsPerMs;
  rig.handles->distrust_all(now_ns);
  renewed(handle, now_ns + kNsPerMs);
}

// A send under way may need it for a while.
TEST(rdma_address_handle_that_is_replaced_is_kept_for_some_seconds) {
  Rig rig;
  rig.await(peer(1));
  const int64_t later_ns = monotonic_ns() + 61 * kNsPerS;
  const uint64_t before = rig.fake.count("fake0", "live");
  rig.handles->find(peer(1), later_ns);
  wait_for("it is made anew", [&] { return rig.handles->take_made(later_ns); });
  CHECK_EQ(rig.fake.count("fake0", "live"), before + 1);
  rig.handles->take_made(later_ns + 6 * kNsPerS);
  CHECK_EQ(rig.fake.count("fake0", "live"), before);
}

}  // namespace weft::test
