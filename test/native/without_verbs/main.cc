// A program as the addon is where <infiniband/verbs.h> is missing: of the layer rdma it has its door and what stands in
// for all behind it. Ends well when both ways in say ENOSYS.

#include <cerrno>
#include <string>

#include "check.h"
#include "rdma/rdma.h"

int main() {
  const auto opened = weft::open_rdma_engine({});
  CHECK(!opened.ok());
  CHECK_EQ(opened.error().code, ENOSYS);
  const auto listed = weft::list_rdma_devices();
  CHECK(!listed.ok());
  CHECK_EQ(listed.error().code, ENOSYS);
  CHECK(std::string(listed.error().syscall) == "dlopen");
  return 0;
}
