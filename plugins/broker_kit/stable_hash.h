#pragma once

#include <cstdint>
#include <string_view>

namespace peer_broker_kit {

/// A hash by which nodes agree on something without a word: the same on every machine and in every
/// build. Of texts one behind the other: "ab" and "c" are the same as "a" and "bc". FNV-1a with the
/// finalizer of SplitMix64.
///
/// Nodes of two versions have to agree too, so it must never change. It withstands no attack: a
/// client can choose names that have the same hash.
class StableHash {
 public:
  StableHash& add(std::string_view text) {
    for (const char c : text) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return *this;
  }
  [[nodiscard]] std::uint64_t value() const {
    std::uint64_t hash = state_;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
    return hash ^ (hash >> 31);
  }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace peer_broker_kit
