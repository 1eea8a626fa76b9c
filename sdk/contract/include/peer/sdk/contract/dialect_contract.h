#pragma once

#include <ostream>
#include <string>
#include <vector>

#include <peer/sdk/contract/plugin_contract.h>
#include <peer/sdk/dialect.h>

namespace peer::sdk::contract {

/// A dialect, and how its clients speak.
struct DialectCase {
  PluginCase plugin;
  /// Of upgrades that are let in, without '?': "id=ann&token=t". At least one.
  std::vector<std::string> queries{""};
  /// What sound clients say. At least one.
  std::vector<std::string> texts{};
  /// Requests by HTTP that are answered 200: "/app/peers?x=1".
  std::vector<std::string> requests{};
};
inline std::ostream& operator<<(std::ostream& out, const DialectCase& dialect) {
  return out << dialect.plugin;
}

/// What dialect.h demands of dialects: whatever clients and the server say, no exception, texts
/// that are texts, messages that are JSON objects, nothing that is kept of what ends with a call,
/// calls that never block, and clients that do not meet but by way of the server.
///
///   const DialectCase kMine{.plugin = {PEER_PLUGIN_DIR "/dialect_mine.so", {}}, .texts = {"HI"}};
///   INSTANTIATE_TEST_SUITE_P(Mine, PluginContract, testing::Values(kMine.plugin));
///   INSTANTIATE_TEST_SUITE_P(Mine, DialectContract, testing::Values(kMine));
class DialectContract : public ::testing::TestWithParam<DialectCase> {};

/// For tests of the plugin's own: what becomes of these texts of one client, in order, each line
/// one thing that the plugin asks for: "send TEXT", "say MESSAGE", "direct ID PAYLOAD WAIT",
/// "broadcast NAMESPACE DATA", "wake MS", "close". A namespace of the realm's own is
/// "~NAME", members of a namespace that are counted are two. The first line is that of begin().
[[nodiscard]] std::vector<std::string> play(const DialectCase& with,
                                            const std::vector<std::string>& texts);

}  // namespace peer::sdk::contract
