#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <peer/sdk/broker.h>

#include "catch_up.h"
#include "kit.h"
#include "link.h"
#include "resync.h"
#include "watchers.h"

namespace peer_redis {

/// Sessions that move between nodes (plugins/broker_redis/DESIGN.md, "A session that moves"): by
/// which tokens they are found, what two cores say to each other, and the step in which a
/// registration goes over. Loop thread only.
class Sessions {
 public:
  /// What it stands on; all of it lives as long as Part.
  struct Parts {
    EventLoop& loop;
    Link& link;
    Router& router;
    Mirror& mirror;
    MemberCounts& counts;
    Announcements& announcements;
    const NodeState& state;
    Resync& resync;
    CatchUp& catch_up;
    Watchers& watchers;
    peer::sdk::BrokerHost& host;
    const std::string& self;
  };
  /// PeerTake, with texts of its own.
  struct Take {
    peer::sdk::PeerTake what;
    std::string node;
    std::vector<std::pair<std::string, Watches>> watches;
  };

  explicit Sessions(const Parts& parts) : parts_(parts) {}

  /// See sdk::Broker. `tokens` each with '|' behind it.
  void set_tokens(const Registered& peer, const std::string& tokens, const ReplyTo<bool>& reply);
  void ask(const std::string& token, const std::string& text,
           const ReplyTo<peer::sdk::SessionSearch>& reply);
  void tell_node(const std::string& node, const std::string& text);
  void take(const Take& take, const ReplyTo<peer::sdk::TakeOutcome>& reply);

  void await_sent(const Fingerprint& peer, const ReplyTo<bool>& reply);
  void ask_any(std::uint64_t number, const std::string& text,
               const ReplyTo<peer::sdk::SessionSearch>& reply);
  void park(const Registered& peer, const ReplyTo<peer::sdk::ParkOutcome>& reply);
  void keep(const Registered& peer, const std::string& record, std::chrono::milliseconds time,
            const ReplyTo<bool>& reply);
  void next(const ReplyTo<peer::sdk::ParkedSession>& reply);
  /// A beat has shown that there are parked ones.
  void some_are_parked() { parts_.host.peers_parked(); }

  // What other nodes write. False: it is malformed.
  bool take_saying(const Fields& fields);
  bool take_taken(const Fields& fields);

 private:
  [[nodiscard]] std::string saying(std::string_view text) const;
  /// How long something waits, and for which broadcasts (Router::last_held).
  struct Patience {
    Time until;
    std::uint64_t last_held;
  };
  void look_for_sent(const Fingerprint& peer, Patience patience, const ReplyTo<bool>& reply);
  void check_sent(const Fingerprint& peer, Patience patience, const ReplyTo<bool>& reply);
  void take_when_clear(const Take& take, Patience patience,
                       const ReplyTo<peer::sdk::TakeOutcome>& reply);
  void take_now(const Take& take, const ReplyTo<peer::sdk::TakeOutcome>& reply);
  bool let_go(const Registered& peer);
  /// The script has answered: the peer is this node's.
  peer::sdk::TakeOutcome enter(const Take& take, const std::vector<std::string>& marked,
                               const Reply& answer);

  const Parts parts_;
};

/// As they are stored: hex, each with '|' behind it.
std::string tokens_text(std::span<const peer::sdk::SessionToken> tokens);

}  // namespace peer_redis
