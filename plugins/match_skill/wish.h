#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <peer/sdk/match_strategy.h>
#include <peer/sdk/result.h>

#include "options.h"

namespace peer_skill {

/// What a request asks for, read and checked. A stranger wrote it.
struct Wish {
  /// Equal exactly when two may play together as far as group size, teams and the fields without a
  /// range or overlap rule go.
  std::string kind;
  std::uint32_t group_size = 2;
  std::uint32_t team_count = 0;  ///< 0: no teams
  std::uint32_t team_size = 0;
  std::vector<double> numbers;  ///< by range rule
  /// By overlap rule: its elements as canonical texts, sorted, each once.
  std::vector<std::vector<std::string>> lists;
  std::string party;  ///< its id; empty: none
  std::uint32_t party_size = 1;
};

/// An error's message is for the client, with code 400.
[[nodiscard]] peer::sdk::Result<Wish> read_wish(const Options& options,
                                                const peer::sdk::MatchRequest& request);

/// A text that two values have in common exactly when they are equal as values: 1 and 1.0 are.
void append_canonical(std::string& out, const peer::sdk::Value& value);

}  // namespace peer_skill
