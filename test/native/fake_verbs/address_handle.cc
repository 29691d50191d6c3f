// Address handles, checked as a driver checks them.

#include <cerrno>
#include <chrono>
#include <thread>

#include "world.h"

namespace fake_verbs {

namespace {

constexpr uint32_t kMaxFlowLabel = 0xf'ffff;

bool is_usable(const Device &device, const ibv_ah_attr &attributes) {
  if (attributes.port_num != kPort) return false;
  if (!attributes.is_global) return device.is_infiniband() && attributes.dlid != 0;
  if (device.is_infiniband() && attributes.dlid == 0) return false;
  const ibv_global_route &route = attributes.grh;
  return route.sgid_index < kGids && !device.gids[route.sgid_index].empty() && route.flow_label <= kMaxFlowLabel;
}

void resolve(const Device &device, Lock &lock) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  while (Clock::now() - start < std::chrono::nanoseconds(device.settings.resolve_ns)) {
    lock.unlock();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    lock.lock();
  }
}

}  // namespace

}  // namespace fake_verbs

using namespace fake_verbs;

extern "C" {

ibv_ah *ibv_create_ah(ibv_pd *pd, ibv_ah_attr *attributes) {
  World &world = World::get();
  Lock lock(world.mutex);
  Context &owner = *context_of(pd->context);
  resolve(*owner.device, lock);
  const int error = world.failure_of("ibv_create_ah", owner);
  if (error != 0) return fail_with(error);
  if (!is_usable(*owner.device, *attributes)) return fail_with(EINVAL);
  auto ah = std::make_unique<Ah>();
  ah->context = pd->context;
  ah->pd = pd;
  ah->handle = world.next_handle++;
  ah->attributes = *attributes;
  ++static_cast<Pd *>(pd)->users;
  owner.device->counters.add(Count::kMadeAhs);
  return keep(owner.ahs, std::move(ah));
}

int ibv_destroy_ah(ibv_ah *ah) {
  const Lock lock(World::get().mutex);
  Context &owner = *context_of(ah->context);
  if (owner.dead) return EIO;
  --static_cast<Pd *>(ah->pd)->users;
  owner.ahs.erase(ah);
  return 0;
}

}  // extern "C"
