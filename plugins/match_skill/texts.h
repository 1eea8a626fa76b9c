#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

namespace peer_skill {

/// Numbers for texts that several tickets have, for as long as one of them does: so lists are
/// compared and kept as numbers, and a text that clients make up is forgotten with its last ticket.
/// Numbers begin with 1. A part of one queue: one call at a time.
class Texts {
 public:
  /// The same number for the same text. Each call wants one release().
  std::uint32_t take(const std::string& text);
  /// Of a number that take() has given. The last one forgets the text; a later take() of it gives
  /// another number.
  void release(std::uint32_t number);

 private:
  struct Use {
    std::uint32_t number = 0;
    std::size_t count = 0;
  };
  std::map<std::string, Use> uses_;
  std::unordered_map<std::uint32_t, std::map<std::string, Use>::iterator> by_number_;
  std::uint32_t last_ = 0;
};

}  // namespace peer_skill
