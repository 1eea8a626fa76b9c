#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/types.h>
#include <peer/sdk/value.h>

/// What strangers send, and memory that ends with a call.
namespace peer::sdk::contract {

/// Objects as clients might send them where `samples` are expected: these themselves, each with one
/// member left out, or replaced by one that is too large, too deep, empty or of another kind, and
/// others that have nothing to do with them. All of them are what the server lets through: JSON,
/// UTF-8, within its bounds.
[[nodiscard]] std::vector<Value> hostile_objects(const std::vector<Value>& samples);

/// A copy of a text whose memory is overwritten at its end: a plugin that keeps the view sees other
/// bytes.
class Fleeting {
 public:
  explicit Fleeting(std::string_view text);
  ~Fleeting();
  Fleeting(const Fleeting&) = delete;
  Fleeting& operator=(const Fleeting&) = delete;

  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

/// As Fleeting, of a value: every text and number in it is another one at its end.
class FleetingValue {
 public:
  explicit FleetingValue(const Value& value) : value_(std::make_unique<Value>(value)) {}
  ~FleetingValue();
  FleetingValue(const FleetingValue&) = delete;
  FleetingValue& operator=(const FleetingValue&) = delete;

  [[nodiscard]] const Value& value() const { return *value_; }

 private:
  std::unique_ptr<Value> value_;
};

/// A peer's fingerprint, of which the first bytes tell it from others.
[[nodiscard]] Fingerprint peer_number(std::uint32_t number);

/// Some instant of which nothing depends on being now.
inline constexpr Instant kSomeDay{std::chrono::milliseconds(1'700'000'000'000)};

}  // namespace peer::sdk::contract
