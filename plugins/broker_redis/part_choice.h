#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plugins/broker_kit/stable_hash.h"

#include "kit.h"

namespace peer_redis {

/// In which of so many parts a namespace is, from 0. All nodes must say the same.
inline std::size_t part_of_name(std::string_view ns, std::size_t parts) {
  if (parts == 1) return 0;
  return peer_broker_kit::StableHash().add(ns).value() % parts;
}

/// The same of a peer. A fingerprint is a hash already.
inline std::size_t part_of_peer(const Fingerprint& peer, std::size_t parts) {
  if (parts == 1) return 0;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | peer.bytes[i];
  return number % parts;
}

}  // namespace peer_redis
