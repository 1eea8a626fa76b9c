#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
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
/// Each function says in short what the method of sdk::Broker with its name says in full. Here, and
/// nowhere else, it is known which of them a broker has that was built with an older SDK.
///
/// Thread-safe; what is asked goes on on the loop that asks: at once, or later. An error of the
/// broker never comes out: an exception is logged as its fault, and the answer is then that of a
/// broker that cannot know, the `otherwise` of ask().
class Others {
 public:
  /// Both outlive it. Asks the broker whether there may be any.
  /// `revision`: of the SDK that the broker was built with.
  Others(sdk::Broker& broker, std::uint32_t revision, PluginCalls& calls)
      : broker_(broker),
        revision_(revision),
        calls_(calls),
        none_(calls.run("standalone", [&] { return broker.standalone(); }).value_or(false)) {}

  /// True when the broker says that there never are other nodes. It is asked once, at the start.
  [[nodiscard]] bool none() const { return none_; }

  /// Tells the other nodes of a registration. The outcome says whether another peer of the cluster
  /// holds the alias, and whether the peer must be refused. Without other nodes nothing is in the
  /// way. `then` as with ask().
  /// `proved`: the peer has proved to hold its key. `secret`: only who has the same takes its
  /// place; null: it is no peer of that kind.
  template <typename Then>
  void register_peer(EventLoop& loop, const sdk::Registered& peer, std::string_view alias,
                     bool proved, const sdk::Fingerprint* secret, Then then) {
    if (none_) return then(sdk::RegisterOutcome());
    ask<sdk::RegisterOutcome>(
        loop, {calls_, "register_peer"}, {},
        [&](sdk::BrokerReply<sdk::RegisterOutcome> reply) {
          if (secret != nullptr && revision_ >= 7) {
            return broker_.register_owned(peer, alias, *secret, std::move(reply));
          }
          if (proved && revision_ >= 2) {
            return broker_.register_proved(peer, alias, std::move(reply));
          }
          broker_.register_peer(peer, alias, std::move(reply));
        },
        [revision = revision_, then = std::move(then)](sdk::RegisterOutcome outcome) mutable {
          // An older broker has any byte there.
          if (revision < 2) outcome.proof_required = false;
          then(outcome);
        });
  }
  /// The peer is thrown out, wherever it is. Nothing is answered.
  void revoke(const sdk::Fingerprint& peer, std::string_view message) {
    if (none_ || revision_ < 2) return;
    calls_.run("revoke", [&] { broker_.revoke(peer, message); });
  }
  /// The peer's registration has ended here. Nothing is answered.
  void unregister_peer(const sdk::Registered& peer) {
    if (none_) return;
    calls_.run("unregister_peer", [&] { broker_.unregister_peer(peer); });
  }
  /// Who holds the aliases: as many holders as aliases. `then` as with ask().
  template <typename Then>
  void resolve(EventLoop& loop, std::span<const std::string_view> aliases, Then then) {
    if (none_) return then(sdk::ResolveOutcome{true, nobody(aliases.size())});
    ask<sdk::ResolveOutcome>(
        loop, {calls_, "resolve"}, {},
        [&](sdk::BrokerReply<sdk::ResolveOutcome> reply) {
          broker_.resolve(aliases, std::move(reply));
        },
        [count = aliases.size(), then = std::move(then)](sdk::ResolveOutcome outcome) mutable {
          outcome.holders.resize(count);
          then(std::move(outcome));
        });
  }
  /// Members of all nodes, as Broker::list(); nullopt: only this node's are known. `with_away`: it
  /// says who is away. `then` as with ask().
  template <typename Then>
  void list(EventLoop& loop, std::string_view ns, const std::optional<sdk::Fingerprint>& after,
            std::uint32_t limit, bool with_away, Then then) {
    using Page = std::optional<sdk::MemberPage>;
    if (none_) return then(Page());
    ask<Page>(
        loop, {calls_, "list"}, std::nullopt,
        [&](sdk::BrokerReply<Page> reply) {
          if (with_away && tells_watchers()) {
            return broker_.list_away(ns, after, limit, std::move(reply));
          }
          broker_.list(ns, after, limit, std::move(reply));
        },
        [knows_away = tells_watchers(), then = std::move(then)](Page page) mutable {
          if (page && !knows_away) forget_away(*page);
          then(std::move(page));
        });
  }
  /// Whether those hear of members of other nodes who watch them; if not, set_away() and
  /// tell_update() are not called.
  [[nodiscard]] bool tells_watchers() const { return !none_ && revision_ >= 7; }
  /// The session of a peer is away, or back: watchers on other nodes hear of it.
  void set_away(const sdk::Registered& peer, bool away, std::span<const sdk::AwayNews> news) {
    calls_.run("set_away", [&] { broker_.set_away(peer, away, news); });
  }
  /// Has watchers on other nodes hear of a member's new meta; `told` know of it already.
  void tell_update(std::string_view ns, const sdk::Registered& peer, std::string_view text,
                   std::span<const sdk::Fingerprint> told) {
    calls_.run("tell_update", [&] { broker_.tell_update(ns, peer, text, told); });
  }
  /// Whether sessions move between nodes; if not, the functions that follow are not called.
  [[nodiscard]] bool move_sessions() const { return !none_ && revision_ >= 5; }
  /// Goes on when the other nodes find the session by these, or cannot. `then` as with ask().
  template <typename Then>
  void set_session_tokens(EventLoop& loop, const sdk::Registered& peer,
                          std::span<const sdk::SessionToken> tokens, Then then) {
    ask<bool>(
        loop, {calls_, "set_session_tokens"}, false,
        [&](sdk::BrokerReply<bool> reply) {
          broker_.set_session_tokens(peer, tokens, std::move(reply));
        },
        std::move(then));
  }
  /// Has the node that the token leads to hear `text`. `then` hears whether there is such a node,
  /// and runs as with ask().
  template <typename Then>
  void ask_session(EventLoop& loop, const sdk::SessionToken& token, std::string_view text,
                   Then then) {
    ask<sdk::SessionSearch>(
        loop, {calls_, "ask_session"}, sdk::SessionSearch::kUnavailable,
        [&](sdk::BrokerReply<sdk::SessionSearch> reply) {
          broker_.ask_session(token, text, std::move(reply));
        },
        std::move(then));
  }
  /// Other nodes that live, as far as is known. Any thread.
  [[nodiscard]] std::vector<std::string> nodes() {
    if (none_ || revision_ < 6) return {};
    return calls_.run("nodes", [&] { return broker_.nodes(); })
        .value_or(std::vector<std::string>());
  }
  /// Has that node hear `text`, which is lost where the node cannot be reached.
  void tell_node(std::string_view node, std::string_view text) {
    calls_.run("tell_node", [&] { broker_.tell_node(node, text); });
  }
  /// A registration of another node becomes this node's, in one step. `then` as with ask().
  template <typename Then>
  void take_peer(EventLoop& loop, const sdk::PeerTake& take, Then then) {
    ask<sdk::TakeOutcome>(
        loop, {calls_, "take_peer"}, {},
        [&](sdk::BrokerReply<sdk::TakeOutcome> reply) {
          broker_.take_peer(take, std::move(reply));
        },
        std::move(then));
  }
  /// Goes on when nothing that the peer has sent waits here any more. `then` as with ask().
  template <typename Then>
  void await_sent(EventLoop& loop, const sdk::Fingerprint& peer, Then then) {
    if (revision_ < 6) return then(true);
    ask<bool>(
        loop, {calls_, "await_sent"}, false,
        [&](sdk::BrokerReply<bool> reply) { broker_.await_sent(peer, std::move(reply)); },
        std::move(then));
  }
  /// Whether a node that stops may hand over its sessions; if not, what follows is not called.
  [[nodiscard]] bool park_sessions() const { return !none_ && revision_ >= 6; }
  /// Has one other node that lives hear `text`; the next `number` chooses another one. `then` as
  /// with ask().
  template <typename Then>
  void ask_any_node(EventLoop& loop, std::uint64_t number, std::string_view text, Then then) {
    ask<sdk::SessionSearch>(
        loop, {calls_, "ask_any_node"}, sdk::SessionSearch::kUnavailable,
        [&](sdk::BrokerReply<sdk::SessionSearch> reply) {
          broker_.ask_any_node(number, text, std::move(reply));
        },
        std::move(then));
  }
  /// A registration of this node is no node's from now on, and stays. `then` as with ask().
  template <typename Then>
  void park_peer(EventLoop& loop, const sdk::Registered& peer, Then then) {
    ask<sdk::ParkOutcome>(
        loop, {calls_, "park_peer"}, {},
        [&](sdk::BrokerReply<sdk::ParkOutcome> reply) {
          broker_.park_peer(peer, std::move(reply));
        },
        std::move(then));
  }
  /// Keeps what a parked session is to be made of again, for that time. `then` as with ask().
  template <typename Then>
  void keep_parked(EventLoop& loop, const sdk::Registered& peer, std::string_view record,
                   milliseconds time, Then then) {
    ask<bool>(
        loop, {calls_, "keep_parked"}, false,
        [&](sdk::BrokerReply<bool> reply) {
          broker_.keep_parked(peer, record, time, std::move(reply));
        },
        std::move(then));
  }
  /// A parked session, for this node to take. `then` as with ask().
  template <typename Then>
  void next_parked(EventLoop& loop, Then then) {
    ask<sdk::ParkedSession>(
        loop, {calls_, "next_parked"}, {},
        [&](sdk::BrokerReply<sdk::ParkedSession> reply) { broker_.next_parked(std::move(reply)); },
        std::move(then));
  }
  /// Carries a message to a peer elsewhere. `then` hears what has become of it, as with ask().
  template <typename Then>
  void route(EventLoop& loop, const sdk::DirectedMessage& message, Then then) {
    ask<sdk::RouteOutcome>(
        loop, {calls_, "route"}, sdk::RouteOutcome::kUnavailable,
        [&](sdk::BrokerReply<sdk::RouteOutcome> reply) {
          broker_.route(message, std::move(reply));
        },
        std::move(then));
  }
  /// The same for a sender that does not wait: `heard` is called on any thread, or never.
  void route_unawaited(const sdk::DirectedMessage& message,
                       sdk::BrokerReply<sdk::RouteOutcome> heard) {
    calls_.run("route", [&] { broker_.route(message, std::move(heard)); });
  }
  /// Sends a message to the members on other nodes. Returns the copies handed over to the broker;
  /// nobody says how many of them arrive.
  std::size_t broadcast(const sdk::NamespaceMessage& message) {
    if (none_) return 0;
    return calls_.run("broadcast", [&] { return broker_.broadcast(message); }).value_or(0);
  }

  /// What an older broker has made says nothing of who is away.
  static void forget_away(sdk::MemberPage& page) {
    for (sdk::MemberEntry& member : page.members) member.away = false;
  }

 private:
  /// As many as aliases: callers index by them.
  static std::vector<std::optional<sdk::Fingerprint>> nobody(std::size_t count) {
    return std::vector<std::optional<sdk::Fingerprint>>(count);
  }

  sdk::Broker& broker_;
  const std::uint32_t revision_;
  PluginCalls& calls_;
  /// Read on each path of messages, hence a plain bool.
  const bool none_;
};

}  // namespace peer
