// Reads the option objects of native/index.ts. On failure a JavaScript exception is pending and nothing is returned.
#pragma once

#include <napi.h>

#include <optional>

#include "net/tcp_prober.h"
#include "net/tcp_reflector.h"
#include "net/udp_prober.h"
#include "net/udp_reflector.h"

namespace weft {

std::optional<UdpProberConfig> read_udp_prober_options(const Napi::Value& value);
std::optional<TcpProberConfig> read_tcp_prober_options(const Napi::Value& value);
std::optional<UdpReflectorConfig> read_udp_reflector_options(const Napi::Value& value);
std::optional<TcpReflectorConfig> read_tcp_reflector_options(const Napi::Value& value);

}  // namespace weft
