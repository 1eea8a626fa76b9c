#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peer::bench {

/// The payloads of one run: all of one size, all different. Each names its sender and its number,
/// and a tag and the filling depend on both, so that no byte can change, and no two payloads can be
/// exchanged, without notice. Writing and checking cost one memcpy and one memcmp.
class PayloadFormat {
 public:
  /// The smallest size: an empty filling.
  static constexpr std::size_t kMinSize = 50;

  struct Label {
    std::uint32_t sender;  ///< up to 8 decimal digits
    std::uint64_t number;  ///< up to 12 decimal digits
  };

  /// What the filling is made of: characters that no JSON library might escape, or escapes and
  /// characters beyond ASCII, too, two bytes each (`size` is then even).
  enum class Filling { kPlain, kMixed };

  /// `size`: bytes of the JSON text, at least kMinSize.
  explicit PayloadFormat(std::size_t size, Filling filling = Filling::kPlain);

  [[nodiscard]] std::size_t size() const { return scratch_.size(); }
  /// A JSON object of size() bytes, valid until the next call.
  [[nodiscard]] std::string_view write(const Label& label);
  /// The label of a payload that is exactly what write() made of it; nullopt if a byte differs.
  [[nodiscard]] std::optional<Label> check(std::string_view payload) const;

 private:
  [[nodiscard]] std::string_view filling(std::uint64_t hash) const;

  std::string scratch_;
  std::string pattern_;
  Filling kind_;
};

}  // namespace peer::bench
