// A value or the system call that failed. Errors are captured on the line of the call, with its name.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <variant>

namespace weft {

struct Error {
  int code = 0;               // errno, positive
  const char* syscall = "";   // static string
  std::string detail{};       // what it said, where that is more than errno tells

  static Error last(const char* syscall) { return Error{errno, syscall}; }
  std::string message() const { return std::string(syscall) + ": " + (detail.empty() ? std::strerror(code) : detail); }
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}  // NOLINT: implicit on purpose, `return value;`
  Result(Error error) : state_(std::move(error)) {}  // NOLINT: likewise

  bool ok() const { return std::holds_alternative<T>(state_); }
  T& value() { return *std::get_if<T>(&state_); }            // REQUIRES: ok()
  const Error& error() const { return *std::get_if<Error>(&state_); }  // REQUIRES: !ok()

 private:
  std::variant<T, Error> state_;
};

struct Done {};
using Status = Result<Done>;

}  // namespace weft
