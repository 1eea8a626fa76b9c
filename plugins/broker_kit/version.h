#pragma once

#include <string>

namespace peer_broker_kit {

/// The form of what nodes exchange and share: envelopes, and what a broker stores. The scripts of
/// broker_redis (lua/common.lua) have both numbers, too. Which two nodes may meet:
/// plugins/broker_redis/DESIGN.md, "Versions".
///
/// The major one is in each envelope: one character, 1 to 9, then A to Z. It rises when a node that
/// does not know of a change would do something wrong, and the minor one becomes 0.
inline constexpr char kMajorVersion = '1';
/// Rises when something is added that older nodes may ignore: a field at the end of an envelope, a
/// kind of envelope, a key.
inline constexpr int kMinorVersion = 4;

inline std::string version_text() {
  return std::string(1, kMajorVersion) + '.' + std::to_string(kMinorVersion);
}

}  // namespace peer_broker_kit
