#include "core/protocol/automatic_alias.h"

namespace peer {

std::string automatic_alias(const sdk::Fingerprint& fingerprint) {
  const auto& bytes = fingerprint.bytes;
  const int number = (bytes[2] << 8 | bytes[3]) % 100;
  std::string alias(kAliasAdjectives[bytes[0]]);
  alias += '-';
  alias += kAliasAnimals[bytes[1]];
  alias += '-';
  alias += static_cast<char>('0' + number / 10);
  alias += static_cast<char>('0' + number % 10);
  return alias;
}

}  // namespace peer
