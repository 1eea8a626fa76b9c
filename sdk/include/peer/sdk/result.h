#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace peer::sdk {

/// Why something failed, for an operator's eyes: where, what, what was expected, what to do;
/// lower case, no full stop. Never shown to a client.
struct Error {
  std::string message;
};

/// A value, or the error that explains why there is none. The member names are those of
/// std::expected (C++23), which the supported compilers lack. Ask has_value() before value() or
/// error(). A plain value: it owns what it holds, and needs the same care between threads.
///
/// An error that a factory or an on_start() task returns stops the start: its message is what the
/// operator reads behind the plugin's name.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  /// From what becomes a T by itself: a factory of Result<std::unique_ptr<Auth>> returns
  /// std::make_unique<MyAuth>().
  template <typename U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result>) Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  /// Of a Result<bool> too this says whether there is a value, and not what it is.
  explicit operator bool() const { return has_value(); }

  /// The value. Calling these without one is a programming error: std::bad_variant_access.
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// The error. Calling this with a value is a programming error: std::bad_variant_access.
  [[nodiscard]] const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an error: `return {};` or `return Error{"..."};`. error() of a
/// success is empty.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}

  [[nodiscard]] bool has_value() const { return !failed_; }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_;
  bool failed_ = false;
};

}  // namespace peer::sdk
