#include "rdma/ud_port.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace weft {

namespace {

// Every device takes so many; what one that does not tell takes.
constexpr uint32_t kFewRequests = 1024;

uint32_t queue_limit(const Verbs& verbs, ibv_context* context) {
  ibv_device_attr_ex attributes;
  if (verbs.query_device_ex(context, &attributes) != 0 || attributes.orig_attr.max_qp_wr <= 0) return kFewRequests;
  return static_cast<uint32_t>(attributes.orig_attr.max_qp_wr);
}

// libibverbs looks elsewhere for a node that it may not open, and says in the end that there is none.
Error open_error(const ibv_device& device) {
  const Error said = verbs_error("ibv_open_device");
  const std::string node = std::string("/dev/infiniband/") + device.dev_name;
  const bool denied = faccessat(AT_FDCWD, node.c_str(), R_OK | W_OK, AT_EACCESS) != 0 && errno == EACCES;
  return denied ? Error{EACCES, said.syscall} : said;
}

bool is_in_sysfs(const ibv_context* context) { return access(context->device->dev_path, F_OK) == 0; }

}  // namespace

bool ignores_flow_labels(const std::string& device) {
  // Only devices made on a network interface by software name it here.
  return access(("/sys/class/infiniband/" + device + "/parent").c_str(), F_OK) == 0;
}

Result<VerbsPtr<ibv_context>> open_device(const Verbs& verbs, const std::string& name) {
  errno = 0;
  int count = 0;
  ibv_device** list = verbs.get_device_list(&count);
  if (list == nullptr) return verbs_error("ibv_get_device_list");
  Result<VerbsPtr<ibv_context>> opened = Error{ENODEV, "device"};
  for (int i = 0; i < count; ++i) {
    if (name != verbs.get_device_name(list[i])) continue;
    errno = 0;
    auto context = own(verbs.open_device(list[i]), verbs.close_device);
    if (context) {
      opened = std::move(context);
    } else {
      opened = open_error(*list[i]);
    }
    break;
  }
  verbs.free_device_list(list);
  return opened;
}

UdPort::UdPort(const Verbs& verbs, VerbsPtr<ibv_context> context, uint8_t port)
    : verbs_(verbs), context_(std::move(context)), port_(port) {}

Result<std::unique_ptr<UdPort>> UdPort::open(const RdmaConfig& config) {
  auto verbs = load_verbs();
  if (!verbs.ok()) return verbs.error();
  auto context = open_device(*verbs.value(), config.device);
  if (!context.ok()) return context.error();
  std::unique_ptr<UdPort> port(new UdPort(*verbs.value(), std::move(context.value()), config.port));
  if (const Status read = port->read_port(config); !read.ok()) return read.error();
  port->most_requests_ = queue_limit(port->verbs_, port->context());
  port->in_sysfs_ = is_in_sysfs(port->context());
  const int async = port->context_->async_fd;
  const int flags = fcntl(async, F_GETFL);
  if (flags < 0 || fcntl(async, F_SETFL, flags | O_NONBLOCK) != 0) return Error::last("fcntl");
  errno = 0;
  port->pd_ = own(port->verbs_.alloc_pd(port->context()), port->verbs_.dealloc_pd);
  if (!port->pd_) return verbs_error("ibv_alloc_pd");
  return port;
}

Status UdPort::read_port(const RdmaConfig& config) {
  ibv_port_attr attributes;
  if (verbs_.query_port(context(), port_, &attributes) != 0) return Error{ENODEV, "port"};
  if (attributes.state != IBV_PORT_ACTIVE) return Error{ENETDOWN, "port"};
  link_ = attributes.link_layer == IBV_LINK_LAYER_INFINIBAND ? RdmaLink::kInfiniband : RdmaLink::kRoce;
  lid_ = attributes.lid;
  auto chosen = choose_gid(read_gids(verbs_, context(), port_, attributes.gid_tbl_len), link_, config);
  if (!chosen.ok()) return chosen.error();
  gid_ = chosen.value();
  pkey_ = read_pkey(attributes, config);
  if (pkey_ == 0) return Error{ENOENT, "pkey"};
  return Done{};
}

uint16_t UdPort::read_pkey(const ibv_port_attr& port, const RdmaConfig& config) const {
  __be16 pkey = 0;
  if (config.pkey_index >= port.pkey_tbl_len) return 0;
  return verbs_.query_pkey(context(), port_, config.pkey_index, &pkey) == 0 ? pkey : 0;
}

bool UdPort::is_there() const { return !in_sysfs_ || is_in_sysfs(context()); }

Result<bool> UdPort::active() const {
  ibv_port_attr attributes;
  errno = 0;
  const int failed = verbs_.query_port(context(), port_, &attributes);
  if (failed != 0) return verbs_error("port", failed);
  return attributes.state == IBV_PORT_ACTIVE;
}

bool UdPort::is_as_opened(const RdmaConfig& config) const {
  ibv_port_attr attributes;
  if (verbs_.query_port(context(), port_, &attributes) != 0 || attributes.lid != lid_) return false;
  if (read_pkey(attributes, config) != pkey_) return false;
  auto chosen = choose_gid(read_gids(verbs_, context(), port_, attributes.gid_tbl_len), link_, config);
  return chosen.ok() && chosen.value().index == gid_.index && chosen.value().gid == gid_.gid;
}

}  // namespace weft
