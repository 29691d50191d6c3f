// The addon's functions: see native/index.ts, the only file that calls them. Every function may be called from any
// thread that loaded the addon; `pump` blocks its thread.

#include <napi.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "napi/handle_table.h"
#include "napi/options.h"
#include "napi/rdma.h"

namespace weft {

namespace {

Napi::Error system_error(Napi::Env env, const Error& error) {
  auto exception = Napi::Error::New(env, error.message());
  exception.Set("errno", Napi::Number::New(env, error.code));
  exception.Set("syscall", Napi::String::New(env, error.syscall));
  return exception;
}

void throw_system_error(Napi::Env env, const Error& error) { system_error(env, error).ThrowAsJavaScriptException(); }

// `E`: a pointer to an engine, or an RdmaEngine.
template <typename E>
Napi::Value hand_out(Napi::Env env, Result<E> created) {
  if (!created.ok()) {
    throw_system_error(env, created.error());
    return env.Undefined();
  }
  return Napi::Number::New(env, HandleTable::instance().add(std::move(created.value())));
}

// A closed or unknown handle throws; `close` is the only call that takes one.
std::shared_ptr<Engine> engine_of(const Napi::CallbackInfo& info) {
  auto engine = HandleTable::instance().find(info[0].ToNumber().Uint32Value());
  if (!engine) Napi::Error::New(info.Env(), "this engine is closed").ThrowAsJavaScriptException();
  return engine;
}

Napi::Value create_udp_prober(const Napi::CallbackInfo& info) {
  auto config = read_udp_prober_options(info[0]);
  if (!config) return info.Env().Undefined();
  return hand_out(info.Env(), UdpProber::create(*config));
}

Napi::Value create_tcp_prober(const Napi::CallbackInfo& info) {
  auto config = read_tcp_prober_options(info[0]);
  if (!config) return info.Env().Undefined();
  return hand_out(info.Env(), TcpProber::create(*config));
}

Napi::Value create_udp_reflector(const Napi::CallbackInfo& info) {
  auto config = read_udp_reflector_options(info[0]);
  if (!config) return info.Env().Undefined();
  return hand_out(info.Env(), UdpReflector::create(std::move(*config)));
}

Napi::Value create_tcp_reflector(const Napi::CallbackInfo& info) {
  auto config = read_tcp_reflector_options(info[0]);
  if (!config) return info.Env().Undefined();
  return hand_out(info.Env(), TcpReflector::create(std::move(*config)));
}

Napi::Value create_rdma_engine(const Napi::CallbackInfo& info) {
  return hand_out(info.Env(), open_rdma_engine(read_rdma_options(info[0])));
}

Napi::Value rdma_status(const Napi::CallbackInfo& info) {
  const auto monitor = HandleTable::instance().monitor(info[0].ToNumber().Uint32Value());
  if (monitor) return write_rdma_status(info.Env(), monitor->status());
  Napi::Error::New(info.Env(), "this engine is closed, or not one of RDMA").ThrowAsJavaScriptException();
  return info.Env().Undefined();
}

// Opens every device, which takes the driver some milliseconds each: not on the calling thread.
class RdmaDevicesWorker : public Napi::AsyncWorker {
 public:
  explicit RdmaDevicesWorker(Napi::Env env) : AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override { devices_ = list_rdma_devices(); }
  void OnOK() override {
    if (devices_.ok()) {
      deferred_.Resolve(write_rdma_devices(Env(), devices_.value()));
    } else {
      deferred_.Reject(system_error(Env(), devices_.error()).Value());
    }
  }

 private:
  Napi::Promise::Deferred deferred_;
  Result<std::vector<DeviceInfo>> devices_ = Error{};
};

Napi::Value rdma_devices(const Napi::CallbackInfo& info) {
  auto* worker = new RdmaDevicesWorker(info.Env());  // deletes itself
  worker->Queue();
  return worker->promise();
}

void set_targets(const Napi::CallbackInfo& info) {
  const auto engine = engine_of(info);
  if (!engine) return;
  auto entries = info[1].As<Napi::ArrayBuffer>();
  auto requests = info[2].As<Napi::Uint8Array>();
  TargetTable table;
  table.entries.resize(entries.ByteLength() / sizeof(TargetEntry));
  if (!table.entries.empty()) {
    std::memcpy(table.entries.data(), entries.Data(), table.entries.size() * sizeof(TargetEntry));
  }
  table.requests.assign(requests.Data(), requests.Data() + requests.ByteLength());
  engine->set_targets(std::move(table));
}

// Moves what fits into the buffer and leaves the rest for the next slice; then nothing new is settled. True: it was the
// last one.
bool hand_over(Slice& slice, uint8_t* bytes) {
  const size_t count = std::min(slice.records.size(), slice.capacity);
  const bool all = count == slice.records.size();
  SliceHeader header{};
  header.count = static_cast<uint32_t>(count);
  header.flags = (slice.closed && all ? kEngineClosed : 0) | (slice.changed ? kEngineChanged : 0);
  slice.changed = false;
  header.settled_us = all ? slice.settled_us : 0;
  std::memcpy(bytes, &header, sizeof header);
  if (count > 0) std::memcpy(bytes + sizeof header, slice.records.data(), count * sizeof(Record));
  slice.records.erase(slice.records.begin(), slice.records.begin() + static_cast<std::ptrdiff_t>(count));
  return slice.closed && all;
}

// A worker may come to pump an engine that was closed a moment ago: that is an answer, not an error.
void pump(const Napi::CallbackInfo& info) {
  auto buffer = info[2].As<Napi::ArrayBuffer>();
  if (buffer.ByteLength() < sizeof(SliceHeader) + sizeof(Record)) {
    Napi::RangeError::New(info.Env(), "the buffer of a slice holds its header and a record at least")
        .ThrowAsJavaScriptException();
    return;
  }
  const uint32_t handle = info[0].ToNumber().Uint32Value();
  const auto [engine, kept] = HandleTable::instance().pumped(handle);
  Slice none;
  Slice& slice = kept ? *kept : none;
  slice.closed = !engine;
  slice.capacity = (buffer.ByteLength() - sizeof(SliceHeader)) / sizeof(Record);
  if (engine && !slice.full()) engine->pump(info[1].ToNumber().Int32Value(), slice);
  if (hand_over(slice, static_cast<uint8_t*>(buffer.Data()))) HandleTable::instance().forget(handle);
}

Napi::Value stats(const Napi::CallbackInfo& info) {
  const auto engine = engine_of(info);
  if (!engine) return info.Env().Undefined();
  auto object = Napi::Object::New(info.Env());
  for (const auto& [name, value] : engine->stats()) object.Set(name, Napi::Number::New(info.Env(), value));
  return object;
}

Napi::Value port(const Napi::CallbackInfo& info) {
  const auto engine = engine_of(info);
  if (!engine) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), engine->port());
}

void wake(const Napi::CallbackInfo& info) {
  if (const auto engine = engine_of(info)) engine->wake();
}

void close(const Napi::CallbackInfo& info) {
  if (const auto engine = HandleTable::instance().remove(info[0].ToNumber().Uint32Value())) engine->close();
}

Napi::Value build_info(const Napi::CallbackInfo& info) {
  auto object = Napi::Object::New(info.Env());
  object.Set("compiler", Napi::String::New(info.Env(), __VERSION__));
#ifdef WEFT_HAVE_VERBS
  object.Set("verbs", Napi::Boolean::New(info.Env(), true));
#else
  object.Set("verbs", Napi::Boolean::New(info.Env(), false));
#endif
  return object;
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("createUdpProber", Napi::Function::New(env, create_udp_prober));
  exports.Set("createTcpProber", Napi::Function::New(env, create_tcp_prober));
  exports.Set("createUdpReflector", Napi::Function::New(env, create_udp_reflector));
  exports.Set("createTcpReflector", Napi::Function::New(env, create_tcp_reflector));
  exports.Set("createRdmaEngine", Napi::Function::New(env, create_rdma_engine));
  exports.Set("rdmaStatus", Napi::Function::New(env, rdma_status));
  exports.Set("rdmaDevices", Napi::Function::New(env, rdma_devices));
  exports.Set("setTargets", Napi::Function::New(env, set_targets));
  exports.Set("pump", Napi::Function::New(env, pump));
  exports.Set("stats", Napi::Function::New(env, stats));
  exports.Set("port", Napi::Function::New(env, port));
  exports.Set("wake", Napi::Function::New(env, wake));
  exports.Set("close", Napi::Function::New(env, close));
  exports.Set("buildInfo", Napi::Function::New(env, build_info));
  return exports;
}

}  // namespace

NODE_API_MODULE(weft, initialize)

}  // namespace weft
