#include "core/protocol/automatic_alias.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace peer {

namespace {

// The words once more, each in as many bytes as the longest: so they are copied without a call. A
// connection has its alias made nine times.
struct Padded {
  std::array<char, AutomaticAlias::kLongestWord> letters{};
  std::uint8_t size = 0;
};
using Words = std::array<Padded, 256>;

Words padded(const std::array<std::string_view, 256>& words) {
  Words all;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::size_t size = std::min(words[i].size(), all[i].letters.size());
    std::copy_n(words[i].begin(), size, all[i].letters.begin());
    all[i].size = static_cast<std::uint8_t>(size);
  }
  return all;
}

const Words& adjectives() {
  static const Words words = padded(kAliasAdjectives);
  return words;
}

const Words& animals() {
  static const Words words = padded(kAliasAnimals);
  return words;
}

}  // namespace

AutomaticAlias::AutomaticAlias(const sdk::Fingerprint& fingerprint) {
  const auto& bytes = fingerprint.bytes;
  const int number = (bytes[2] << 8 | bytes[3]) % 100;
  char* out = text_.data();
  for (const Padded* word : {&adjectives()[bytes[0]], &animals()[bytes[1]]}) {
    std::memcpy(out, word->letters.data(), word->letters.size());
    out += word->size;
    *out++ = '-';
  }
  *out++ = static_cast<char>('0' + number / 10);
  *out++ = static_cast<char>('0' + number % 10);
  size_ = static_cast<std::size_t>(out - text_.data());
}

std::size_t AutomaticAlias::size_of(const sdk::Fingerprint& fingerprint) {
  const auto& bytes = fingerprint.bytes;
  return adjectives()[bytes[0]].size + animals()[bytes[1]].size + std::string_view("--00").size();
}

std::string automatic_alias(const sdk::Fingerprint& fingerprint) {
  return std::string(AutomaticAlias(fingerprint).view());
}

}  // namespace peer
