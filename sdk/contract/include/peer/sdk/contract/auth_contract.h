#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <peer/sdk/auth.h>
#include <peer/sdk/contract/json_text.h>
#include <peer/sdk/contract/plugin_contract.h>

namespace peer::sdk::contract {

/// A peer that registers, and from where.
struct Newcomer {
  std::string payload = R"({"public_key":"a key"})";  ///< of `register`
  std::string query{};                                ///< of the upgrade request, without '?'
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string origin = "https://example.com";
  std::string remote_address = "192.0.2.7";
};

/// An auth plugin, and whom it lets in. At least one of the three lists is not empty.
struct AuthCase {
  PluginCase plugin;
  std::vector<Newcomer> granted{};
  std::vector<Newcomer> rejected{};
  std::vector<Newcomer> passed{};  ///< of whom it has no opinion
  /// The payload of `auth_response` with which a newcomer answers this `auth_challenge`; for
  /// plugins that ask.
  std::function<std::string(const Newcomer& newcomer, const std::string& challenge)> answer{};
  std::chrono::milliseconds patience{5000};  ///< within which each answer comes
};
inline std::ostream& operator<<(std::ostream& out, const AuthCase& auth) {
  return out << auth.plugin;
}

/// What auth.h demands of auth plugins: one answer to each question, whatever strangers send, from
/// any thread; verdicts that make sense; calls that never block; an end that no answer follows.
///
///   const AuthCase kMine{.plugin = {PEER_PLUGIN_DIR "/auth_mine.so", {}}, .granted = {{}}};
///   INSTANTIATE_TEST_SUITE_P(Mine, PluginContract, testing::Values(kMine.plugin));
///   INSTANTIATE_TEST_SUITE_P(Mine, AuthContract, testing::Values(kMine));
class AuthContract : public ::testing::TestWithParam<AuthCase> {};

/// For tests of the plugin's own: how a newcomer fares who answers the challenges that it gets. The
/// plugin is made for that, started and ended. nullopt: no answer came in time.
[[nodiscard]] std::optional<AuthVerdict> judge(const AuthCase& with, const Newcomer& newcomer);

}  // namespace peer::sdk::contract
