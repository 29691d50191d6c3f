// The declarations of libibverbs, as what this library exports; everything else in it is hidden.
#pragma once

#pragma GCC visibility push(default)
#include <infiniband/verbs.h>
#pragma GCC visibility pop
