// What fuzz_main.cc needs to know of a fuzz target: fuzz_X_corpus.cc says it for fuzz_X.cc.
#pragma once

#include <vector>

#include "byte_vector.h"
#include "random.h"

namespace weft::test {

// Inputs that get far into the target.
std::vector<ByteVector> corpus();

// Changes an input (not empty) in a way that bits and bytes changed at random seldom do.
void mutate_structure(Random &random, ByteVector &bytes);

}  // namespace weft::test
