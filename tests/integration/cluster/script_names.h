#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace peer::test {

// Of what the random test of the scripts speaks.
inline const std::vector<std::string> kNames{
    "a", "a:m", "a|b", "m:a", std::string("a\0b", 3), "{0}", "\xff\r\n", "sm:a"};
inline const std::vector<std::string> kAliases{"",   "", "a", "a|b", "p:a", std::string("\0", 1),
                                               "x y"};
inline const std::vector<std::string> kListed{"1", "0", ""};
inline const std::vector<std::string> kEmpty{"600000 1000", ""};
inline const std::vector<std::string> kWatches{"", "m", "p", "mp"};
inline const std::vector<std::string> kObjects{"{}", "{\"a\":\"|\"}", std::string("\0|\n\xff", 4),
                                               "long" + std::string(300, '|')};
inline constexpr std::size_t kPeers = 24;
inline constexpr std::size_t kNodes = 4;

inline std::string peer_name(std::size_t number) {
  std::string name = std::to_string(number);
  return std::string(64 - name.size(), '0') + name;
}

}  // namespace peer::test
