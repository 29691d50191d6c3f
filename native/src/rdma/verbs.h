// libibverbs, opened at run time: one table of the functions that this layer calls, so that the addon loads where there is
// no such library. What verbs.h defines inline (post, poll, arm) works on the objects themselves and needs no entry.
#pragma once

#include <infiniband/verbs.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/result.h"

namespace weft {

struct Verbs {
  ibv_device** (*get_device_list)(int* count);
  void (*free_device_list)(ibv_device** list);
  const char* (*get_device_name)(ibv_device* device);
  ibv_context* (*open_device)(ibv_device* device);
  int (*close_device)(ibv_context* context);
  int (*query_port_compat)(ibv_context* context, uint8_t port, _compat_ibv_port_attr* attributes);
  int (*query_gid_ex)(ibv_context* context, uint32_t port, uint32_t index, ibv_gid_entry* entry, uint32_t flags,
                      size_t entry_size);
  int (*query_pkey)(ibv_context* context, uint8_t port, int index, __be16* pkey);
  int (*get_async_event)(ibv_context* context, ibv_async_event* event);
  void (*ack_async_event)(ibv_async_event* event);
  ibv_pd* (*alloc_pd)(ibv_context* context);
  int (*dealloc_pd)(ibv_pd* pd);
  ibv_mr* (*reg_mr)(ibv_pd* pd, void* address, size_t length, int access);
  int (*dereg_mr)(ibv_mr* mr);
  ibv_comp_channel* (*create_comp_channel)(ibv_context* context);
  int (*destroy_comp_channel)(ibv_comp_channel* channel);
  ibv_cq* (*create_cq)(ibv_context* context, int entries, void* cookie, ibv_comp_channel* channel, int vector);
  int (*destroy_cq)(ibv_cq* cq);
  int (*get_cq_event)(ibv_comp_channel* channel, ibv_cq** cq, void** cookie);
  void (*ack_cq_events)(ibv_cq* cq, unsigned int count);
  ibv_qp* (*create_qp)(ibv_pd* pd, ibv_qp_init_attr* attributes);
  int (*modify_qp)(ibv_qp* qp, ibv_qp_attr* attributes, int mask);
  int (*destroy_qp)(ibv_qp* qp);
  ibv_ah* (*create_ah)(ibv_pd* pd, ibv_ah_attr* attributes);
  int (*destroy_ah)(ibv_ah* ah);

  // As the inline functions of verbs.h of these names, which would link to the library.
  int query_port(ibv_context* context, uint8_t port, ibv_port_attr* attributes) const;
  int query_device_ex(ibv_context* context, ibv_device_attr_ex* attributes) const;
};

// Opens the library once in the life of the process: $WEFT_LIBIBVERBS, or libibverbs.so.1. Failure is not remembered, so
// that a library installed later is found. Errors, all of `dlopen`, with what it said: ENOENT no library, ELIBACC
// one that cannot be loaded (damaged, of another architecture, or one that it needs is missing), EINVAL one too old
// (before rdma-core 32). Thread-safe.
Result<const Verbs*> load_verbs();

// An object of verbs and the function that destroys it.
template <typename T>
struct VerbsDelete {
  int (*destroy)(T*) = nullptr;
  void operator()(T* object) const { destroy(object); }
};

template <typename T>
using VerbsPtr = std::unique_ptr<T, VerbsDelete<T>>;

template <typename T>
VerbsPtr<T> own(T* object, int (*destroy)(T*)) {
  return VerbsPtr<T>(object, VerbsDelete<T>{destroy});
}

// verbs set errno on most failures, and return it on some: never 0.
inline Error verbs_error(const char* name, int returned = 0) {
  if (returned > 0) return Error{returned, name};
  return Error{errno != 0 ? errno : EIO, name};
}

}  // namespace weft
