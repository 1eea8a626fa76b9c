#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <peer/sdk/broker.h>

#include "core/cluster/ask.h"
#include "core/plugin/plugin_calls.h"

namespace peer {

/// What this node tells the others of its peers, and asks them, through the broker. Where there
/// never are others, nobody is told, and answers come at once: nobody is elsewhere.
///
/// Thread-safe; what is asked for a connection, on its loop.
class Others {
 public:
  /// Both outlive it. Asks the broker whether there may be any.
  Others(sdk::Broker& broker, PluginCalls& calls)
      : broker_(broker),
        calls_(calls),
        none_(calls.run("standalone", [&] { return broker.standalone(); }).value_or(false)) {}

  /// There never are any.
  [[nodiscard]] bool none() const { return none_; }

  /// `then(connection, outcome)` as with await().
  template <typename Then>
  void register_peer(Connection& connection, const sdk::Registered& peer, std::string_view alias,
                     Then then) {
    if (none_) return then(&connection, sdk::RegisterOutcome());
    await<sdk::RegisterOutcome>(
        connection, {calls_, "register_peer"}, {},
        [&](sdk::BrokerReply<sdk::RegisterOutcome> reply) {
          broker_.register_peer(peer, alias, std::move(reply));
        },
        std::move(then));
  }
  void unregister_peer(const sdk::Registered& peer) {
    if (none_) return;
    calls_.run("unregister_peer", [&] { broker_.unregister_peer(peer); });
  }
  /// Who holds the aliases: as many holders as aliases. `then` as with await().
  template <typename Then>
  void resolve(Connection& connection, std::span<const std::string_view> aliases, Then then) {
    if (none_) return then(&connection, sdk::ResolveOutcome{true, nobody(aliases.size())});
    await<sdk::ResolveOutcome>(
        connection, {calls_, "resolve"}, {},
        [&](sdk::BrokerReply<sdk::ResolveOutcome> reply) {
          broker_.resolve(aliases, std::move(reply));
        },
        [count = aliases.size(), then = std::move(then)](Connection* still_there,
                                                         sdk::ResolveOutcome outcome) mutable {
          outcome.holders.resize(count);
          then(still_there, std::move(outcome));
        });
  }
  /// Members of all nodes, as Broker::list(); nullopt: only this node's are known. `then` as with
  /// await().
  template <typename Then>
  void list(Connection& connection, std::string_view ns,
            const std::optional<sdk::Fingerprint>& after, std::uint32_t limit, Then then) {
    using Page = std::optional<sdk::MemberPage>;
    if (none_) return then(&connection, Page());
    await<Page>(
        connection, {calls_, "list"}, std::nullopt,
        [&](sdk::BrokerReply<Page> reply) { broker_.list(ns, after, limit, std::move(reply)); },
        std::move(then));
  }
  /// To the members elsewhere. Returns the copies handed over.
  std::size_t broadcast(const sdk::NamespaceMessage& message) {
    if (none_) return 0;
    return calls_.run("broadcast", [&] { return broker_.broadcast(message); }).value_or(0);
  }

 private:
  static std::vector<std::optional<sdk::Fingerprint>> nobody(std::size_t count) {
    return std::vector<std::optional<sdk::Fingerprint>>(count);
  }

  sdk::Broker& broker_;
  PluginCalls& calls_;
  const bool none_;
};

}  // namespace peer
