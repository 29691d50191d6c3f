// Runs the registered tests: all of them, or the one that is named. `--list`
// prints their names.

#include <cstdio>
#include <cstring>

#include "check.h"

int main(int argc, char **argv) {
  const char *const only = argc > 1 ? argv[1] : nullptr;
  const bool list = only != nullptr && std::strcmp(only, "--list") == 0;
  int matched = 0;
  for (const weft::test::Test &test : weft::test::tests()) {
    if (list) {
      std::puts(test.name);
    } else if (only == nullptr || std::strcmp(only, test.name) == 0) {
      test.run();
    } else {
      continue;
    }
    ++matched;
  }
  if (matched > 0) return 0;
  std::fprintf(stderr, "no test matches\n");
  return 1;
}
