// Stands in for the whole layer where the addon is built without <infiniband/verbs.h>.
#include "rdma/rdma.h"

namespace weft {

Result<RdmaEngine> open_rdma_engine(const RdmaConfig&) { return Error{ENOSYS, "dlopen"}; }

Result<std::vector<DeviceInfo>> list_rdma_devices() { return Error{ENOSYS, "dlopen"}; }

}  // namespace weft
