#pragma once

#include <peer/sdk/match_strategy.h>

namespace peer {

/// The time of the tests that hand their own time in.
constexpr sdk::Instant kNow{std::chrono::milliseconds(1'700'000'000'000)};

}  // namespace peer
