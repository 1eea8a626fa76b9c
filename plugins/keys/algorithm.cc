#include "algorithm.h"

#include <array>
#include <utility>

namespace peer_keys {
namespace {

constexpr std::array<std::pair<std::string_view, Algorithm>, 11> kNames{{
    {"HS256", Algorithm::kHs256},
    {"HS384", Algorithm::kHs384},
    {"HS512", Algorithm::kHs512},
    {"RS256", Algorithm::kRs256},
    {"RS384", Algorithm::kRs384},
    {"RS512", Algorithm::kRs512},
    {"PS256", Algorithm::kPs256},
    {"ES256", Algorithm::kEs256},
    {"ES384", Algorithm::kEs384},
    {"EdDSA", Algorithm::kEdDsa},
    {"Ed25519", Algorithm::kEdDsa},
}};

}  // namespace

std::optional<Algorithm> algorithm_of(std::string_view name) {
  for (const auto& [known, algorithm] : kNames) {
    if (known == name) return algorithm;
  }
  return std::nullopt;
}

std::string_view name_of(Algorithm algorithm) {
  for (const auto& [name, known] : kNames) {
    if (known == algorithm) return name;
  }
  return {};
}

KeyKind key_kind_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kHs256:
    case Algorithm::kHs384:
    case Algorithm::kHs512:
      return KeyKind::kSecret;
    case Algorithm::kRs256:
    case Algorithm::kRs384:
    case Algorithm::kRs512:
    case Algorithm::kPs256:
      return KeyKind::kRsa;
    case Algorithm::kEs256:
      return KeyKind::kP256;
    case Algorithm::kEs384:
      return KeyKind::kP384;
    case Algorithm::kEdDsa:
      return KeyKind::kEd25519;
  }
  return KeyKind::kSecret;
}

}  // namespace peer_keys
