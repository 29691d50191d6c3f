// Registered memory. REQUIRES the world's lock.
#pragma once

#include "verbs_abi.h"

namespace fake_verbs {

// Whether a registration of this protection domain covers the piece and gives this access (0: reading).
bool covers(const ibv_pd &pd, const ibv_sge &piece, int access);

}  // namespace fake_verbs
