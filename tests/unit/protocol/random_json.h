#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace peer {

/// Writes random valid JSON, the same for the same seed, with all that is unusual and legal: white
/// space, escapes, duplicate keys, numbers of any size, unpaired surrogates.
class RandomJson {
 public:
  explicit RandomJson(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }

  std::string value(int depth = 4) {
    const std::size_t kind = below(depth > 0 ? 8 : 6);
    if (kind < 2) return string();
    if (kind < 4) return pick(kNumbers);
    if (kind < 6) return pick(kWords);
    return kind == 6 ? list(depth - 1) : object(depth - 1);
  }

  std::string object(int depth) {
    std::string text = "{" + space();
    for (std::size_t i = 0, n = below(5); i < n; ++i) {
      text +=
          (i ? "," : "") + space() + string() + space() + ":" + space() + value(depth) + space();
    }
    return text + "}";
  }

  std::string list(int depth) {
    std::string text = "[" + space();
    for (std::size_t i = 0, n = below(5); i < n; ++i) {
      text += (i ? "," : "") + space() + value(depth) + space();
    }
    return text + "]";
  }

  std::string string() {
    std::string text = "\"";
    for (std::size_t i = 0, n = below(8); i < n; ++i) text += pick(kPieces);
    return text + "\"";
  }

  std::string space() { return pick(kSpaces); }

 private:
  static constexpr std::string_view kNumbers[] = {
      "0", "-0", "1.0", "1e999", "-12.50E-3", "1180591620717411303424", "7", "1e-999"};
  static constexpr std::string_view kWords[] = {"true", "false", "null"};
  static constexpr std::string_view kSpaces[] = {"", "", "", " ", "\n\t", "\r "};
  static constexpr std::string_view kPieces[] = {"a",
                                                 "type",
                                                 "payload",
                                                 "\\\"",
                                                 "\\\\",
                                                 "{",
                                                 "}}",
                                                 "[",
                                                 "],",
                                                 "\\u0000",
                                                 "\\ud800",
                                                 "\\ud83d\\ude00",
                                                 "\xc3\xa9",
                                                 "\xf0\x9f\x98\x80",
                                                 "a long run of text, ",
                                                 ":"};

  template <std::size_t N>
  std::string pick(const std::string_view (&choices)[N]) {
    return std::string(choices[below(N)]);
  }

  std::mt19937 random_;
};

}  // namespace peer
