#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <peer/sdk/types.h>

namespace peer {

/// Friendly words, lower-case a-z. Their number is that of a byte's values, so that one byte of a
/// fingerprint picks one. The order is part of every automatic alias: never change it.
extern const std::array<std::string_view, 256> kAliasAdjectives;
extern const std::array<std::string_view, 256> kAliasAnimals;

/// The alias of a peer that brings none: `adjective-animal-NN`, the same for the same fingerprint
/// (docs/protocol.md, "Identity"). One of 6.5 million, so it may be another peer's already.
[[nodiscard]] std::string automatic_alias(const sdk::Fingerprint& fingerprint);

/// The same without an allocation.
class AutomaticAlias {
 public:
  AutomaticAlias() = default;  ///< of nobody: empty
  explicit AutomaticAlias(const sdk::Fingerprint& fingerprint);
  [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }
  /// How long that of a fingerprint is.
  [[nodiscard]] static std::size_t size_of(const sdk::Fingerprint& fingerprint);

  /// Letters of a word in the two lists; a longer one would be cut.
  static constexpr std::size_t kLongestWord = 12;

 private:
  std::array<char, 2 * (kLongestWord + 1) + 2> text_;
  std::size_t size_ = 0;
};

}  // namespace peer
