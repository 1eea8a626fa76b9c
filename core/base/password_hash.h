#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peer {

/// A text that is wiped from memory when it goes. It moves, and is never copied. One thread at a
/// time. The text that it was made of stays where it is: the caller wipes it (wipe()).
class Secret {
 public:
  explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}
  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret&& other) noexcept {
    bytes_.swap(other.bytes_);
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] std::string_view text() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::vector<char> bytes_;  // a string would copy short texts where it moves
};

/// Wipes a text that is about to go: its bytes are 0 then, as many as it has now. Copies of it, and
/// what it held behind its end, are not found.
void wipe(std::string& text);

/// What is kept of a password: its scrypt (RFC 7914; N 16384, r 8, p 1) with a salt of its own, as
/// text. Takes some 40 ms and 16 MB, so no event loop calls it (core/room/passwords.h). Nullopt:
/// OpenSSL has failed, for want of memory say. Throws std::runtime_error without randomness, as
/// random_hex() does. Thread-safe.
[[nodiscard]] std::optional<std::string> password_hash(std::string_view password);
/// Whether the hash is one of this password, in a time that does not tell how near it is. Nullopt:
/// OpenSSL has failed, or the text is none of password_hash(), with other parameters say. It takes
/// as long as that, and is thread-safe.
[[nodiscard]] std::optional<bool> password_matches(std::string_view password,
                                                   std::string_view hash);

}  // namespace peer
