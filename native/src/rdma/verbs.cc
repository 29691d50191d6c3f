#include "rdma/verbs.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>

namespace weft {

namespace {

constexpr const char* kLibrary = "libibverbs.so.1";

std::string last_said() {
  const char* said = dlerror();
  return said != nullptr ? said : "";
}

// Whether the library itself is not there, rather than one that it needs. Of a name that is searched for nothing but the
// text of dlerror tells; of a path that text does not, since it says the same of a file of another architecture.
bool is_missing(const std::string& name, const std::string& said) {
  if (name.find('/') != name.npos) return access(name.c_str(), F_OK) != 0 && errno == ENOENT;
  return said.compare(0, name.size() + 1, name + ":") == 0 && said.find(std::strerror(ENOENT)) != said.npos;
}

template <typename F>
bool find(void* library, const char* name, F*& function) {
  function = reinterpret_cast<F*>(dlsym(library, name));
  return function != nullptr;
}

bool fill(void* library, Verbs& verbs) {
  return find(library, "ibv_get_device_list", verbs.get_device_list) &&
         find(library, "ibv_free_device_list", verbs.free_device_list) &&
         find(library, "ibv_get_device_name", verbs.get_device_name) &&
         find(library, "ibv_open_device", verbs.open_device) &&
         find(library, "ibv_close_device", verbs.close_device) &&
         find(library, "ibv_query_port", verbs.query_port_compat) &&
         find(library, "_ibv_query_gid_ex", verbs.query_gid_ex) &&
         find(library, "ibv_query_pkey", verbs.query_pkey) &&
         find(library, "ibv_get_async_event", verbs.get_async_event) &&
         find(library, "ibv_ack_async_event", verbs.ack_async_event) &&
         find(library, "ibv_alloc_pd", verbs.alloc_pd) && find(library, "ibv_dealloc_pd", verbs.dealloc_pd) &&
         find(library, "ibv_reg_mr", verbs.reg_mr) && find(library, "ibv_dereg_mr", verbs.dereg_mr) &&
         find(library, "ibv_create_comp_channel", verbs.create_comp_channel) &&
         find(library, "ibv_destroy_comp_channel", verbs.destroy_comp_channel) &&
         find(library, "ibv_create_cq", verbs.create_cq) && find(library, "ibv_destroy_cq", verbs.destroy_cq) &&
         find(library, "ibv_get_cq_event", verbs.get_cq_event) &&
         find(library, "ibv_ack_cq_events", verbs.ack_cq_events) &&
         find(library, "ibv_create_qp", verbs.create_qp) && find(library, "ibv_modify_qp", verbs.modify_qp) &&
         find(library, "ibv_destroy_qp", verbs.destroy_qp) && find(library, "ibv_create_ah", verbs.create_ah) &&
         find(library, "ibv_destroy_ah", verbs.destroy_ah);
}

}  // namespace

Result<const Verbs*> load_verbs() {
  static std::mutex mutex;
  static std::optional<Verbs> loaded;
  const std::lock_guard<std::mutex> lock(mutex);
  if (loaded) return &*loaded;
  const char* named = std::getenv("WEFT_LIBIBVERBS");
  const std::string name = named != nullptr && *named != '\0' ? named : kLibrary;
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const std::string said = last_said();
    return Error{is_missing(name, said) ? ENOENT : ELIBACC, "dlopen", said};
  }
  Verbs verbs{};
  if (!fill(library, verbs)) {
    Error too_old{EINVAL, "dlopen", last_said()};
    dlclose(library);
    return too_old;
  }
  loaded = verbs;
  return &*loaded;
}

int Verbs::query_port(ibv_context* context, uint8_t port, ibv_port_attr* attributes) const {
  std::memset(attributes, 0, sizeof *attributes);
  verbs_context* extended = verbs_get_ctx_op(context, query_port);
  if (extended != nullptr) return extended->query_port(context, port, attributes, sizeof *attributes);
  return query_port_compat(context, port, reinterpret_cast<_compat_ibv_port_attr*>(attributes));
}

int Verbs::query_device_ex(ibv_context* context, ibv_device_attr_ex* attributes) const {
  std::memset(attributes, 0, sizeof *attributes);
  verbs_context* extended = verbs_get_ctx_op(context, query_device_ex);
  if (extended == nullptr) return EOPNOTSUPP;
  return extended->query_device_ex(context, nullptr, attributes, sizeof *attributes);
}

}  // namespace weft
