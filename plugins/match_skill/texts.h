#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

namespace peer_skill {

/// Numbers for texts that several tickets have, for as long as one of them does.
class Texts {
 public:
  std::uint32_t take(const std::string& text);
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
