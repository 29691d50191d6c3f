// Protection domains and registered memory.
#include "memory.h"

#include <cerrno>

#include "world.h"

namespace fake_verbs {

namespace {

ibv_mr *register_memory(ibv_pd *pd, void *address, size_t length, int access) {
  World &world = World::get();
  const Lock lock(world.mutex);
  Context &owner = *context_of(pd->context);
  const int error = world.failure_of("ibv_reg_mr", owner);
  if (error != 0) return fail_with(error);
  if (length == 0) return fail_with(EINVAL);
  auto mr = std::make_unique<Mr>();
  mr->context = pd->context;
  mr->pd = pd;
  mr->addr = address;
  mr->length = length;
  mr->access = access;
  mr->handle = world.next_handle++;
  mr->lkey = mr->rkey = mr->handle << 8;
  ++static_cast<Pd *>(pd)->users;
  return keep(owner.mrs, std::move(mr));
}

}  // namespace

bool covers(const ibv_pd &pd, const ibv_sge &piece, int access) {
  for (const auto &[key, mr] : context_of(pd.context)->mrs) {
    if (mr->lkey != piece.lkey || mr->pd != &pd) continue;
    const auto start = reinterpret_cast<uint64_t>(mr->addr);
    const bool inside = piece.addr >= start && piece.addr - start + piece.length <= mr->length;
    return inside && (mr->access & access) == access;
  }
  return false;
}

}  // namespace fake_verbs

using namespace fake_verbs;

#undef ibv_reg_mr

extern "C" {

ibv_pd *ibv_alloc_pd(ibv_context *context) {
  World &world = World::get();
  const Lock lock(world.mutex);
  Context &owner = *context_of(context);
  const int error = world.failure_of("ibv_alloc_pd", owner);
  if (error != 0) return fail_with(error);
  auto pd = std::make_unique<Pd>();
  pd->context = context;
  pd->handle = world.next_handle++;
  return keep(owner.pds, std::move(pd));
}

int ibv_dealloc_pd(ibv_pd *pd) {
  const Lock lock(World::get().mutex);
  Context &owner = *context_of(pd->context);
  if (owner.dead) return EIO;
  if (static_cast<Pd *>(pd)->users > 0) {
    owner.device->counters.add(Count::kBusy);
    return EBUSY;
  }
  owner.pds.erase(pd);
  return 0;
}

ibv_mr *ibv_reg_mr(ibv_pd *pd, void *address, size_t length, int access) {
  return register_memory(pd, address, length, access);
}

// What the macro ibv_reg_mr calls when the access flags are no constant.
ibv_mr *ibv_reg_mr_iova2(ibv_pd *pd, void *address, size_t length, uint64_t, unsigned access) {
  return register_memory(pd, address, length, static_cast<int>(access));
}

int ibv_dereg_mr(ibv_mr *mr) {
  const Lock lock(World::get().mutex);
  Context &owner = *context_of(mr->context);
  if (owner.dead) return EIO;
  --static_cast<Pd *>(mr->pd)->users;
  owner.mrs.erase(mr);
  return 0;
}

}  // extern "C"
