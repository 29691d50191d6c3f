#include "napi/rdma.h"

namespace weft {

namespace {

// In the order of the enums.
constexpr const char* kStates[] = {"active", "down", "gone"};
constexpr const char* kLinks[] = {"roce", "infiniband"};
constexpr const char* kGidTypes[] = {"ib", "roce-v1", "roce-v2"};
constexpr const char* kStamps[] = {"none", "ticks", "wallclock"};

template <size_t N, typename E>
const char* name_of(const char* const (&names)[N], E value) {
  return names[static_cast<size_t>(value)];
}

uint32_t number(const Napi::Object& options, const char* name) {
  return options.Get(name).ToNumber().Uint32Value();
}

Napi::Object write_gid(Napi::Env env, const GidInfo& gid) {
  auto object = Napi::Object::New(env);
  object.Set("index", Napi::Number::New(env, gid.index));
  object.Set("gid", gid.gid);
  object.Set("type", name_of(kGidTypes, gid.type));
  object.Set("interface", gid.interface);
  object.Set("preferred", Napi::Boolean::New(env, gid.preferred));
  return object;
}

template <typename T>
Napi::Array write_all(Napi::Env env, const std::vector<T>& items, Napi::Object (*write)(Napi::Env, const T&)) {
  auto array = Napi::Array::New(env, items.size());
  for (uint32_t i = 0; i < items.size(); ++i) array.Set(i, write(env, items[i]));
  return array;
}

Napi::Object write_port(Napi::Env env, const PortInfo& port) {
  auto object = Napi::Object::New(env);
  object.Set("number", Napi::Number::New(env, port.number));
  object.Set("state", port.state);
  object.Set("link", name_of(kLinks, port.link));
  object.Set("mtu", Napi::Number::New(env, port.mtu));
  object.Set("lid", Napi::Number::New(env, port.lid));
  object.Set("gids", write_all(env, port.gids, write_gid));
  return object;
}

Napi::Object write_device(Napi::Env env, const DeviceInfo& device) {
  auto object = Napi::Object::New(env);
  object.Set("name", device.name);
  object.Set("soft", Napi::Boolean::New(env, device.soft));
  object.Set("timestamps", name_of(kStamps, device.stamps));
  object.Set("clockKhz", Napi::Number::New(env, static_cast<double>(device.clock_khz)));
  object.Set("ports", write_all(env, device.ports, write_port));
  object.Set("problem", device.problem);
  return object;
}

}  // namespace

RdmaConfig read_rdma_options(const Napi::Value& value) {
  const auto options = value.As<Napi::Object>();
  RdmaConfig config;
  config.device = options.Get("device").ToString().Utf8Value();
  config.port = static_cast<uint8_t>(number(options, "port"));
  config.gid_index = options.Get("gidIndex").ToNumber().Int32Value();
  config.address = options.Get("address").ToString().Utf8Value();
  config.pkey_index = static_cast<uint16_t>(number(options, "pkeyIndex"));
  config.qkey = number(options, "qkey");
  config.service_level = static_cast<uint8_t>(number(options, "serviceLevel"));
  config.traffic_class = static_cast<uint8_t>(number(options, "trafficClass"));
  config.queue_pairs = static_cast<uint16_t>(number(options, "queuePairs"));
  config.receive_slots = number(options, "receiveSlots");
  config.rate_limit = options.Get("rateLimit").ToNumber().DoubleValue();
  config.busy_poll = options.Get("busyPoll").ToBoolean();
  config.probe = options.Get("probe").ToBoolean();
  config.reflect = options.Get("reflect").ToBoolean();
  return config;
}

Napi::Value write_rdma_status(Napi::Env env, const RdmaStatus& status) {
  auto object = Napi::Object::New(env);
  object.Set("state", name_of(kStates, status.state));
  object.Set("gid", status.gid);
  object.Set("qpn", Napi::Number::New(env, status.qpn));
  object.Set("lid", Napi::Number::New(env, status.lid));
  object.Set("gidIndex", Napi::Number::New(env, status.gid_index));
  object.Set("link", name_of(kLinks, status.link));
  object.Set("clock", status.hardware_clock ? "hardware" : "user");
  auto events = Napi::Array::New(env, status.events.size());
  for (uint32_t i = 0; i < status.events.size(); ++i) events.Set(i, status.events[i]);
  object.Set("events", events);
  return object;
}

Napi::Value write_rdma_devices(Napi::Env env, const std::vector<DeviceInfo>& devices) {
  return write_all(env, devices, write_device);
}

}  // namespace weft
