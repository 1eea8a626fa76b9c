#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace peer {

/// Values one behind the other, for another node: numbers of 8 bytes, the least significant first,
/// and texts with their length, as such a number, before them. Nothing says what a value means: the
/// reader takes them in the order in which they were written. One thread.
///
/// Nodes of two versions may meet. So a writer puts a number first that says the form of the text,
/// and a later version adds at the end, where a reader asks is_at_end() before it reads on.
class PackedWriter {
 public:
  PackedWriter& number(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) bytes_.push_back(static_cast<char>(value >> shift));
    return *this;
  }
  PackedWriter& text(std::string_view value) {
    number(value.size());
    bytes_.append(value);
    return *this;
  }
  /// All that has been written. The writer is of no use after that.
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads what a PackedWriter has written. Once something is missing everything that follows is 0 or
/// empty, and good() says so: a caller reads all of a record, and asks once. The bytes may come
/// from anybody; a length that reaches beyond their end is such a fault. Texts are views of the
/// bytes. One thread.
class PackedReader {
 public:
  explicit PackedReader(std::string_view bytes) : rest_(bytes) {}

  /// 0 when fewer than 8 bytes are left. The caller checks what a number means, and whether it is
  /// in range.
  [[nodiscard]] std::uint64_t number() {
    const std::string_view bytes = next(8);
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
      value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
    }
    return value;
  }
  /// As many bytes as the number before them says. The caller checks whether they are UTF-8.
  [[nodiscard]] std::string_view text() { return next(number()); }
  /// The number of things that follow, each of which takes a byte at least. More than there are
  /// bytes left is a fault, and 0: so no number that somebody made up keeps a loop busy for longer
  /// than the size of what was sent.
  [[nodiscard]] std::uint64_t count() {
    const std::uint64_t value = number();
    if (value <= rest_.size()) return value;
    good_ = false;
    return 0;
  }
  /// Whether all that has been read so far was there.
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

 private:
  std::string_view next(std::uint64_t size) {
    if (!good_ || size > rest_.size()) {
      good_ = false;
      return {};
    }
    const std::string_view found = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return found;
  }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace peer
