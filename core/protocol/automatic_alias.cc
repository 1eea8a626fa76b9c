#include "core/protocol/automatic_alias.h"

#include <algorithm>

namespace peer {

AutomaticAlias::AutomaticAlias(const sdk::Fingerprint& fingerprint) {
  const auto& bytes = fingerprint.bytes;
  const int number = (bytes[2] << 8 | bytes[3]) % 100;
  char* out = text_.data();
  for (const std::string_view word : {kAliasAdjectives[bytes[0]], kAliasAnimals[bytes[1]]}) {
    out = std::copy_n(word.data(), std::min(word.size(), kLongestWord), out);
    *out++ = '-';
  }
  *out++ = static_cast<char>('0' + number / 10);
  *out++ = static_cast<char>('0' + number % 10);
  size_ = static_cast<std::size_t>(out - text_.data());
}

std::string automatic_alias(const sdk::Fingerprint& fingerprint) {
  return std::string(AutomaticAlias(fingerprint).view());
}

}  // namespace peer
