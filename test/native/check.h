// All that the C++ tests need: named tests, and checks that say what failed
// where and end the program. `main.cc` runs the tests that are registered here.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <vector>

namespace weft::test {

struct Test {
  const char *name;
  void (*run)();
};

inline std::vector<Test> &tests() {
  static std::vector<Test> all;
  return all;
}

struct Registration {
  Registration(const char *name, void (*run)()) { tests().push_back({name, run}); }
};

template <typename T>
std::string text_of(const T &value) {
  if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<long long>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(value);
  } else {
    return "a value that cannot be printed";
  }
}

[[noreturn]] inline void fail(const char *file, int line, const std::string &what) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
  std::exit(1);
}

// `expected` is a literal as a rule: it takes the type of what it is compared
// with.
template <typename Actual, typename Expected>
void check_equal(const char *file, int line, const char *text, const Actual &actual, const Expected &expected) {
  const Actual wanted = static_cast<Actual>(expected);
  if (!(actual == wanted)) {
    fail(file, line, std::string(text) + " is " + text_of(actual) + ", expected " + text_of(wanted));
  }
}

}  // namespace weft::test

#define TEST(name)                                                           \
  static void name();                                                        \
  static const weft::test::Registration registration_of_##name{#name, name}; \
  static void name()

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) weft::test::fail(__FILE__, __LINE__, "not: " #condition); \
  } while (false)

#define CHECK_EQ(actual, expected) weft::test::check_equal(__FILE__, __LINE__, #actual, (actual), (expected))
