// What is put into a context for the inline functions of verbs.h.
#pragma once

#include "verbs_abi.h"

namespace fake_verbs {

int query_port(ibv_context *context, uint8_t port, ibv_port_attr *attributes, size_t size);
int query_device_ex(ibv_context *context, const ibv_query_device_ex_input *input, ibv_device_attr_ex *attributes,
                    size_t size);
int query_rt_values(ibv_context *context, ibv_values_ex *values);

}  // namespace fake_verbs
