#include "napi/options.h"

#include <string>
#include <utility>

namespace weft {

namespace {

void throw_type_error(Napi::Env env, const std::string& message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
}

std::string text(const Napi::Object& options, const char* name) { return options.Get(name).ToString().Utf8Value(); }

std::vector<uint8_t> key_of(const Napi::Object& options) {
  const Napi::Value value = options.Get("key");
  if (!value.IsTypedArray()) return {};
  const auto bytes = value.As<Napi::Uint8Array>();
  return std::vector<uint8_t>(bytes.Data(), bytes.Data() + bytes.ByteLength());
}

bool stamps_of(const Napi::Object& options) { return text(options, "timestamps") != "user"; }

// Where a prober sends from; "any" where the text is empty.
bool read_source(const Napi::Object& options, const char* name, int family, SocketAddress& source) {
  const std::string literal = text(options, name);
  if (literal.empty()) return true;
  const auto address = SocketAddress::parse(literal.c_str(), 0);
  if (!address || address->family() != family) {
    throw_type_error(options.Env(), std::string(name) + ": \"" + literal + "\" is not an address of that family");
    return false;
  }
  source = *address;
  return true;
}

bool read_sources(const Napi::Object& options, SocketAddress& ipv4, SocketAddress& ipv6) {
  return read_source(options, "sourceAddress4", AF_INET, ipv4) &&
         read_source(options, "sourceAddress6", AF_INET6, ipv6);
}

std::optional<ListenConfig> listen_of(const Napi::Object& options) {
  const std::string literal = text(options, "address");
  const auto port = static_cast<uint16_t>(options.Get("port").ToNumber().Uint32Value());
  const auto address = SocketAddress::parse(literal.c_str(), port);
  if (!address) {
    throw_type_error(options.Env(), "address: \"" + literal + "\" is not an IPv4 or IPv6 address");
    return std::nullopt;
  }
  ListenConfig config;
  config.address = *address;
  const auto prefixes = options.Get("allowedPrefixes").As<Napi::Array>();
  for (uint32_t i = 0; i < prefixes.Length(); ++i) {
    const std::string cidr = prefixes.Get(i).ToString().Utf8Value();
    if (!config.allowed.add(cidr)) {
      throw_type_error(options.Env(), "allowedPrefixes: \"" + cidr + "\" is not a prefix such as 10.0.0.0/8");
      return std::nullopt;
    }
  }
  config.rate_limit = options.Get("rateLimit").ToNumber().DoubleValue();
  return config;
}

// What is not named there is none: TCP knows no delays.
FaultConfig faults_of(const Napi::Object& options) {
  const Napi::Value value = options.Get("faults");
  if (!value.IsObject()) return {};
  const auto faults = value.As<Napi::Object>();
  const auto number = [&faults](const char* name) { return faults.Get(name).ToNumber().DoubleValue(); };
  const auto ns = [&number](const char* name) { return static_cast<int64_t>(number(name) * kNsPerMs); };
  FaultConfig config;
  config.loss = number("loss");
  if (faults.Has("networkDelayMs")) config.network_delay_ns = ns("networkDelayMs");
  if (faults.Has("responderDelayMs")) config.responder_delay_ns = ns("responderDelayMs");
  return config;
}

}  // namespace

std::optional<UdpProberConfig> read_udp_prober_options(const Napi::Value& value) {
  const auto options = value.As<Napi::Object>();
  UdpProberConfig config;
  if (!read_sources(options, config.source_ipv4, config.source_ipv6)) return std::nullopt;
  config.stamps = stamps_of(options);
  config.key = key_of(options);
  return config;
}

std::optional<TcpProberConfig> read_tcp_prober_options(const Napi::Value& value) {
  const auto options = value.As<Napi::Object>();
  TcpProberConfig config;
  if (!read_sources(options, config.source_ipv4, config.source_ipv6)) return std::nullopt;
  config.max_connections = options.Get("maxConnections").ToNumber().Uint32Value();
  return config;
}

std::optional<UdpReflectorConfig> read_udp_reflector_options(const Napi::Value& value) {
  const auto options = value.As<Napi::Object>();
  auto listen = listen_of(options);
  if (!listen) return std::nullopt;
  return UdpReflectorConfig{std::move(*listen), stamps_of(options), key_of(options), faults_of(options)};
}

std::optional<TcpReflectorConfig> read_tcp_reflector_options(const Napi::Value& value) {
  const auto options = value.As<Napi::Object>();
  auto listen = listen_of(options);
  if (!listen) return std::nullopt;
  const uint32_t max_connections = options.Get("maxConnections").ToNumber().Uint32Value();
  if (max_connections == 0) {
    throw_type_error(options.Env(), "maxConnections: 0 leaves no room for a connection");
    return std::nullopt;
  }
  TcpReflectorConfig config;
  config.listen = std::move(*listen);
  config.max_connections = max_connections;
  config.syn_loss = faults_of(options).loss;
  return config;
}

}  // namespace weft
