// The list of devices, and contexts: opening and closing.

#include <cerrno>
#include <memory>

#include "completion_queue.h"
#include "event_fd.h"
#include "queries.h"
#include "queue_pair.h"
#include "world.h"

#undef ibv_get_device_list

namespace fake_verbs {

namespace {

void fill(Context &context, Device &device) {
  context.device = &device;
  context.sz = sizeof(verbs_context);
  context.query_port = query_port;
  context.query_device_ex = query_device_ex;
  context.query_rt_values = query_rt_values;
  context.create_cq_ex = create_cq_ex;
  ibv_context &classic = context.context;
  classic.device = &device.verbs;
  classic.abi_compat = __VERBS_ABI_IS_EXTENDED;
  classic.cmd_fd = -1;
  classic.num_comp_vectors = 1;
  classic.ops.poll_cq = poll_cq;
  classic.ops.req_notify_cq = req_notify_cq;
  classic.ops.post_send = post_send;
  classic.ops.post_recv = post_recv;
}

// The kernel takes away what the program has left.
void release_objects(Context &context) {
  Device &device = *context.device;
  if (!context.dead) device.counters.add(Count::kLeaked, context.live_objects());
  for (const auto &[key, qp] : context.qps) {
    World::get().wire.forget(device, qp->qp_num);
    if (!context.dead) device.qps.erase(qp->qp_num);
  }
  for (const auto &[key, channel] : context.channels) close_event_fd(channel->fd);
}

Device *device_of(ibv_device *verbs) {
  for (const auto &device : World::get().devices) {
    if (&device->verbs == verbs) return device.get();
  }
  return nullptr;
}

}  // namespace

}  // namespace fake_verbs

using namespace fake_verbs;

extern "C" {

ibv_device **ibv_get_device_list(int *count) {
  World &world = World::get();
  const Lock lock(world.mutex);
  const int error = world.planned_failure("ibv_get_device_list", nullptr);
  if (error != 0) return fail_with(error);
  auto list = std::make_unique<ibv_device *[]>(world.devices.size() + 1);
  int present = 0;
  for (const auto &device : world.devices) {
    if (device->present) list[present++] = &device->verbs;
  }
  if (count != nullptr) *count = present;
  ++world.device_lists;
  return list.release();
}

void ibv_free_device_list(ibv_device **list) {
  World &world = World::get();
  const Lock lock(world.mutex);
  --world.device_lists;
  delete[] list;
}

const char *ibv_get_device_name(ibv_device *device) { return device->name; }

ibv_context *ibv_open_device(ibv_device *verbs) {
  World &world = World::get();
  const Lock lock(world.mutex);
  Device *const device = device_of(verbs);
  if (device == nullptr || !device->present) return fail_with(ENODEV);
  const int error = world.planned_failure("ibv_open_device", device);
  if (error != 0) return fail_with(error);
  auto context = std::make_unique<Context>();
  fill(*context, *device);
  context->context.async_fd = make_event_fd();
  if (context->context.async_fd < 0) return nullptr;
  device->contexts.insert(context.get());
  return &context.release()->context;
}

int ibv_close_device(ibv_context *verbs) {
  const Lock lock(World::get().mutex);
  const std::unique_ptr<Context> context(context_of(verbs));
  release_objects(*context);
  close_event_fd(verbs->async_fd);
  context->device->contexts.erase(context.get());
  return 0;
}

}  // extern "C"
