// RDMA as native/index.ts sees it: options read, status and devices written. On failure a JavaScript exception is pending.
#pragma once

#include <napi.h>

#include "rdma/rdma.h"

namespace weft {

RdmaConfig read_rdma_options(const Napi::Value& value);
Napi::Value write_rdma_status(Napi::Env env, const RdmaStatus& status);
Napi::Value write_rdma_devices(Napi::Env env, const std::vector<DeviceInfo>& devices);

}  // namespace weft
