// The fake verbs library in a C++ test: loaded as the product loads it, and told what to do. The commands are those of
// fake_verbs/fake_verbs.h.
#pragma once

#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "check.h"
#include "fake_verbs/fake_verbs.h"

namespace weft::test {

class FakeVerbs {
 public:
  // `settings` as in FAKE_VERBS, without blanks.
  explicit FakeVerbs(const std::string &settings = "") {
    const char *const path = std::getenv("WEFT_LIBIBVERBS");
    if (path == nullptr) fail(__FILE__, __LINE__, "WEFT_LIBIBVERBS does not name the fake verbs library");
    library_ = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) fail(__FILE__, __LINE__, dlerror());
    run_ = function<decltype(&fake_verbs_command)>("fake_verbs_command");
    command("configure " + settings);
  }

  // The function of that name; the test fails when there is none.
  template <typename Function>
  Function function(const char *name) const {
    void *const found = dlsym(library_, name);
    if (found == nullptr) fail(__FILE__, __LINE__, dlerror());
    return reinterpret_cast<Function>(found);
  }

  // Its answer; the test fails when it is refused.
  std::string command(const std::string &line) const {
    std::array<char, 64 * 1024> answer{};
    const int error = run_(line.c_str(), answer.data(), answer.size());
    if (error != 0) fail(__FILE__, __LINE__, line + ": " + answer.data());
    return answer.data();
  }

  // The errno with which it is refused, or 0.
  int try_command(const std::string &line) const { return run_(line.c_str(), nullptr, 0); }

  uint64_t count(const std::string &device, const std::string &name) const {
    const std::string answer = command("get " + device + " " + name);
    return std::strtoull(answer.c_str() + answer.find('=') + 1, nullptr, 10);
  }

 private:
  void *library_ = nullptr;
  decltype(&fake_verbs_command) run_ = nullptr;
};

}  // namespace weft::test
