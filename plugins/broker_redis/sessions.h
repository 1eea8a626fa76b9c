#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <peer/sdk/broker.h>

#include "catch_up.h"
#include "copies.h"
#include "kit.h"
#include "link.h"
#include "resync.h"
#include "watchers.h"

namespace peer_redis {

/// Sessions that move between nodes (plugins/broker_redis/DESIGN.md, "A session that moves"): by
/// which tokens they are found, what two cores say to each other, and the step in which a
/// registration goes over. What of that concerns several parts is in Moves. Loop thread only.
class Sessions {
 public:
  /// Of several parts: what concerns the others.
  struct Events {
    /// A registration of this node has gone over to another one, at this place of the stream.
    /// `copies`: parts with copies, told in the peer's own part.
    std::function<void(const Registered& peer, std::optional<std::string_view> copies)> taken;
    /// A parked registration has ended in its own part, and its copies are to end.
    std::function<void(const Registered& peer, std::string_view copies)> end_parked;
  };
  /// What it stands on; all of it lives as long as Part.
  struct Objects {
    EventLoop& loop;
    Link& link;
    Copies& copies;
    Router& router;
    Mirror& mirror;
    MemberCounts& counts;
    Announcements& announcements;
    const NodeState& state;
    SharedState& shared;
    Resync& resync;
    CatchUp& catch_up;
    Watchers& watchers;
    peer::sdk::BrokerHost& host;
    const std::string& self;
    Events events;
  };
  /// PeerTake, with texts of its own.
  struct Take {
    peer::sdk::PeerTake what;
    std::string node;
    std::vector<std::pair<std::string, Watches>> watches;
  };

  /// What has come to this node in one part.
  struct Taken {
    peer::sdk::TakeStatus status = peer::sdk::TakeStatus::kUnavailable;
    std::string token;  ///< of the announcement
    std::string alias;
    std::string tokens;
    std::uint64_t since_us = 0;
    std::uint64_t missed = 0;
    bool away = false;
    std::string copies;  ///< parts that have some, told in the peer's own part
    struct Membership {
      std::string ns;
      std::string object;
      std::string place;
      std::uint64_t total = 1;
      std::optional<Mirror::Room> room;
    };
    std::vector<Membership> memberships;
    struct Watched {
      std::string ns;
      Watches watches;
      std::string marked;
    };
    std::vector<Watched> watched;
  };
  using OnTaken = std::function<void(Taken taken)>;

  explicit Sessions(const Objects& objects) : objects_(objects) {}

  /// See sdk::Broker. `tokens` each with '|' behind it, here those that are in this part.
  void set_tokens(const Registered& peer, const std::string& tokens, const ReplyTo<bool>& reply);
  void ask(const std::string& token, const std::string& text,
           const ReplyTo<peer::sdk::SessionSearch>& reply);
  void tell_node(const std::string& node, const std::string& text);
  void take(const Take& take, const ReplyTo<peer::sdk::TakeOutcome>& reply);

  void await_sent(const Fingerprint& peer, const ReplyTo<bool>& reply);
  void ask_any(std::uint64_t number, const std::string& text,
               const ReplyTo<peer::sdk::SessionSearch>& reply);
  void park(const Registered& peer, const ReplyTo<peer::sdk::ParkOutcome>& reply);
  /// What becomes of a parked session. kGone: it is not parked.
  enum class Kept { kKept, kGone, kUnknown };
  void keep(const Registered& peer, const std::string& record, std::chrono::milliseconds time,
            const ReplyTo<Kept>& reply);
  void next(const ReplyTo<peer::sdk::ParkedSession>& reply);
  /// A beat has shown that there are parked ones.
  void some_are_parked() {
    has_parked_ = true;
    objects_.host.peers_parked();
  }
  /// As far as is known.
  [[nodiscard]] bool has_parked() const { return has_parked_; }

  // The same steps in one of several parts (Moves).

  [[nodiscard]] bool is_connected() const { return objects_.state.is_connected(); }
  /// In the peer's own part: in which others it has copies, as `copies`.
  void note_copies(const Registered& peer, const std::string& copies, const ReplyTo<bool>& reply);
  /// All that this node has said to this part before has been done there.
  void await_done(const ReplyTo<bool>& reply);
  /// What is in this part goes over. In the peer's own part `since_us` is none, and that is where
  /// it is decided; `unreachable`: parts that must not have copies, "," before and behind each.
  void take_here(const Take& take, std::optional<std::uint64_t> since_us,
                 const std::string& unreachable, const OnTaken& on_taken);
  /// What has been taken here counts for nothing.
  void give_back(const Taken& taken);
  /// The mirror has the peer: enters what has come of it here.
  void enter_here(const Registered& peer, const Taken& taken, peer::sdk::TakeOutcome& outcome);
  /// What is told by this part from here on it hears at this node.
  void has_come_here(const Fingerprint& peer, const Taken& taken);
  /// As park(); the token of the announcement, or none: nothing done.
  void park_here(const Registered& peer, const std::function<void(std::string token)>& parked);
  /// Calls `reached` when the stream is at that place, which may be now.
  void await_place(const std::string& token, const Task& reached) {
    objects_.announcements.complete(token, reached);
  }
  std::shared_ptr<void> hold_stream() { return objects_.announcements.hold_stream(); }
  void keep_copy(const Registered& peer, std::chrono::milliseconds time);
  void end_parked_copy(const Registered& peer);
  /// Its memberships here are among those elsewhere from now on: what is told of them is for it
  /// there.
  void let_go_here(const Registered& peer);
  /// Those that are left have ended here: tells its members.
  void lose_here(const Registered& peer);

  // What other nodes write. False: it is malformed.
  bool take_saying(const Fields& fields);
  bool take_taken(const Fields& fields);

 private:
  // sessions.cc
  [[nodiscard]] std::string saying(std::string_view text) const;
  /// How long something waits, and for which broadcasts (Router::last_held).
  struct Patience {
    Time until;
    std::uint64_t last_held;
  };
  void look_for_sent(const Fingerprint& peer, Patience patience, const ReplyTo<bool>& reply);
  void check_sent(const Fingerprint& peer, Patience patience, const ReplyTo<bool>& reply);

  // sessions_coming.cc
  void take_when_clear(const Take& take, Patience patience,
                       const ReplyTo<peer::sdk::TakeOutcome>& reply);
  void take_now(const Take& take, const ReplyTo<peer::sdk::TakeOutcome>& reply);
  void run_step(Script script, std::vector<std::string> arguments, Taken taken,
                const OnTaken& on_taken);
  Taken begin_step(const Take& take);
  void read_step(const Reply& answer, bool with_copies, Taken& taken) const;
  void end_watches(const Taken& taken, bool are_marked);

  // sessions_going.cc
  bool let_go(const Registered& peer);
  /// Takes its members of this part out of the mirror.
  Mirror::Members take_out(const Registered& peer);
  void are_elsewhere(const Registered& peer, const Mirror::Members& members);

  const Objects objects_;
  bool has_parked_ = false;
};

/// The peer has come. What the core tells of it from here on finds it in the mirror. False: it has
/// a newer registration here.
bool enter_taken(Mirror& mirror, const Sessions::Take& take, const Sessions::Taken& taken,
                 peer::sdk::TakeOutcome& outcome);

/// One that says no more.
peer::sdk::TakeOutcome outcome_of(peer::sdk::TakeStatus status);

/// As they are stored: hex, each with '|' behind it.
std::string tokens_text(std::span<const peer::sdk::SessionToken> tokens);

}  // namespace peer_redis
