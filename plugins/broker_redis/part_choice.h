#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <peer/sdk/automatic_alias.h>

#include "plugins/broker_kit/stable_hash.h"

#include "kit.h"

namespace peer_redis {

/// In which of so many parts a namespace or an alias is, from 0. All nodes must say the same: who
/// changes this, or part_of_peer(), changes the form in P:born, too (lua/beat.lua).
inline std::size_t part_of_name(std::string_view name, std::size_t parts) {
  if (parts == 1) return 0;
  return peer_broker_kit::StableHash().add(name).value() % parts;
}

/// The same of a peer: where its automatic alias is. Most peers have no other alias, and these are
/// in one part with all that they have by their registration.
inline std::size_t part_of_peer(const Fingerprint& peer, std::size_t parts) {
  if (parts == 1) return 0;
  return part_of_name(peer::sdk::AutomaticAlias(peer).view(), parts);
}

/// The same of a session's token, by its hash in hex.
inline std::size_t part_of_token(std::string_view hash, std::size_t parts) {
  std::uint64_t number = 0;
  const std::string_view digits = hash.substr(0, 16);
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return number % parts;
}

/// Of hashes with '|' behind each those that are in this part.
inline std::string tokens_in(std::string_view hashes, std::size_t part, std::size_t parts) {
  if (parts == 1) return std::string(hashes);
  std::string found;
  while (!hashes.empty()) {
    const std::string_view one = hashes.substr(0, hashes.find('|') + 1);
    if (part_of_token(one, parts) == part) found += one;
    hashes.remove_prefix(one.empty() ? hashes.size() : one.size());
  }
  return found;
}

/// One of so many parts, and which names are in it.
struct PartIndex {
  std::size_t number = 0;
  std::size_t parts = 1;

  [[nodiscard]] bool is_only() const { return parts == 1; }
  /// A namespace or an alias.
  [[nodiscard]] bool has(std::string_view name) const {
    return is_only() || part_of_name(name, parts) == number;
  }
  /// Whether it is the peer's own part, where its registration is given its time.
  [[nodiscard]] bool is_home_of(const Fingerprint& peer) const {
    return is_only() || part_of_peer(peer, parts) == number;
  }
  /// Those of a peer's tokens that are here.
  [[nodiscard]] std::string tokens_here(std::string_view hashes) const {
    return tokens_in(hashes, number, parts);
  }
  /// Whether anything of the peer belongs here: its registration, its alias, a membership or a
  /// token.
  [[nodiscard]] bool concerns(const Fingerprint& peer, const Mirror::Peer& entry) const {
    if (is_home_of(peer) || (!entry.alias.empty() && has(entry.alias))) return true;
    for (const auto& [ns, member] : entry.members) {
      if (has(ns)) return true;
    }
    return !tokens_here(entry.tokens).empty();
  }
};

}  // namespace peer_redis
