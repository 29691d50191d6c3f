// What the library takes for itself, so that a bench can tell it from the memory of the process it is loaded into.
#pragma once

#include <cstdint>

namespace fake_verbs {

// Bytes that are allocated by `new` now; 0 under AddressSanitizer, whose `new` is not replaced.
uint64_t heap_bytes();

}  // namespace fake_verbs
