#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace peer {

/// A text that is kept for each of very many peers, and seldom changed: 8 bytes where it is kept,
/// and as many as it has, and 4, elsewhere; nothing elsewhere for an empty one. std::string has 32
/// where it is kept. Any bytes, NUL too; no NUL is behind them. One thread at a time, as with a
/// std::string.
///
/// The size has 32 bits, and nothing checks that a text fits: aliases, metas and peer objects are
/// kept here, which have bounds far below 4 GiB (docs/protocol.md, "Bounds").
class LeanText {
 public:
  LeanText() = default;
  /// Of anything that is a text. Throws std::bad_alloc, as every copy does; a move cannot fail, and
  /// leaves an empty text behind.
  template <std::convertible_to<std::string_view> Text>
  requires(!std::same_as<Text, LeanText>)
      LeanText(const Text& text) {  // NOLINT(google-explicit-constructor): as std::string
    copy(text);
  }
  LeanText(const LeanText& other) { copy(other.view()); }
  LeanText(LeanText&& other) noexcept = default;
  /// `other` is made before this text changes: when there is no memory for it, this one stays.
  LeanText& operator=(LeanText other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~LeanText() = default;

  /// Good until the text is changed or destroyed; a move leaves its bytes where they are.
  [[nodiscard]] std::string_view view() const {
    return empty() ? std::string_view() : std::string_view(bytes_.get() + kSizeBytes, size());
  }
  operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor)
  [[nodiscard]] bool empty() const { return bytes_ == nullptr; }
  [[nodiscard]] std::size_t size() const {
    if (empty()) return 0;
    std::uint32_t size = 0;
    std::memcpy(&size, bytes_.get(), kSizeBytes);
    return size;
  }

  friend bool operator==(const LeanText& a, const LeanText& b) { return a.view() == b.view(); }
  friend bool operator==(const LeanText& a, std::string_view b) { return a.view() == b; }

 private:
  void copy(std::string_view text) {
    if (text.empty()) return;
    bytes_ = std::make_unique_for_overwrite<char[]>(kSizeBytes + text.size());
    const auto size = static_cast<std::uint32_t>(text.size());
    std::memcpy(bytes_.get(), &size, kSizeBytes);
    std::memcpy(bytes_.get() + kSizeBytes, text.data(), text.size());
  }

  static constexpr std::size_t kSizeBytes = sizeof(std::uint32_t);

  std::unique_ptr<char[]> bytes_;  // the size, then the text; null: empty
};

}  // namespace peer
