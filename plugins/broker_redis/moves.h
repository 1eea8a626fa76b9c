#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <peer/sdk/broker.h>

#include "copies.h"
#include "kit.h"
#include "part.h"
#include "turns.h"

namespace peer_redis {

/// Sessions that move, in all parts of what the nodes share: in the peer's own part it is decided,
/// and a step in each part that has a copy of its registration follows. Of one part alone there is
/// nothing to do here (plugins/broker_redis/DESIGN.md, "A session that moves"). Loop thread only.
class Moves {
 public:
  using AllParts = std::vector<std::unique_ptr<Part>>;

  /// All of it outlives this; `parts` may be filled later.
  Moves(EventLoop& loop, const AllParts& parts, Mirror& mirror, CopiesMade& copies, Turns& turns,
        peer::sdk::BrokerHost& host)
      : loop_(loop), parts_(parts), mirror_(mirror), copies_(copies), turns_(turns), host_(host) {}

  // See sdk::Broker.

  void set_tokens(const Registered& peer, const std::string& tokens, const ReplyTo<bool>& reply);
  void await_sent(const Fingerprint& peer, const ReplyTo<bool>& reply);
  void take(const Sessions::Take& take, const ReplyTo<peer::sdk::TakeOutcome>& reply);
  void park(const Registered& peer, const ReplyTo<peer::sdk::ParkOutcome>& reply);
  void keep(const Registered& peer, const std::string& record, std::chrono::milliseconds time,
            const ReplyTo<bool>& reply);
  void next(const ReplyTo<peer::sdk::ParkedSession>& reply);

  // What parts tell (Sessions::Events).

  void taken(const Registered& peer, std::size_t part, std::optional<std::string_view> copies);
  void end_parked(const Registered& peer, std::string_view copies);

  /// A registration of this node is about to be copied into one more part.
  void has_copied(const Fingerprint& peer);
  /// The registration has ended here, or has come anew.
  void forget(const Fingerprint& peer);
  /// This node ends: what has gone over in part is ended in the rest.
  void give_up_all();

 private:
  /// A registration of this node that goes over to another one, or to none: the streams of some
  /// parts have reached the place, those of others have not.
  struct Going {
    std::uint64_t registration = 0;
    std::set<std::size_t> reached;
    /// Null: its own part has not said yet.
    std::optional<std::set<std::size_t>> awaited;
    ReplyTo<peer::sdk::ParkOutcome> reply;  ///< of one that is parked
    EventLoop::TimerId timeout{};           ///< ends it, whatever has been reached by then
  };
  struct Taking;
  struct Patience;

  // moves.cc
  [[nodiscard]] Sessions& only() const { return parts_.front()->sessions(); }
  [[nodiscard]] std::size_t home_of(const Fingerprint& peer) const;
  [[nodiscard]] std::set<std::size_t> read_parts(std::string_view text) const;
  /// Whether all parts that have something of the peer are in reach.
  [[nodiscard]] bool reaches_all_of(const Fingerprint& peer) const;
  [[nodiscard]] Patience patience(std::chrono::milliseconds most) const;
  /// Looks whether all that had been said by then has had its turn.
  void note_turns(Patience& patience) const;
  /// Whether a broadcast that had been said by then is held up still.
  [[nodiscard]] bool holds_broadcasts(const Patience& patience) const;
  void await_turns(const Fingerprint& peer, const Patience& patience, const ReplyTo<bool>& then);
  void await_routers(const Registered& peer, const ReplyTo<bool>& reply);
  void await_arrival(const Fingerprint& peer, const ReplyTo<bool>& reply);

  void next_of(std::vector<std::size_t> parts, const ReplyTo<peer::sdk::ParkedSession>& reply);
  void take_when_clear(const std::shared_ptr<Taking>& taking, Patience patience);
  void take_home(const std::shared_ptr<Taking>& taking);
  void take_copies(const std::shared_ptr<Taking>& taking, const Sessions::Taken& home);
  void take_copy(const std::shared_ptr<Taking>& taking, std::size_t part,
                 const Sessions::Taken& taken);
  void enter_part(const std::shared_ptr<Taking>& taking, std::size_t part,
                  const Sessions::Taken& taken);
  void part_is_done(const std::shared_ptr<Taking>& taking);
  void finish(const std::shared_ptr<Taking>& taking);

  // moves_going.cc
  void reached(const Registered& peer, std::size_t part);
  void go_on(const Fingerprint& peer);
  void end_waiting(const Registered& peer);
  void gone_over(const Registered& peer);

  EventLoop& loop_;
  const AllParts& parts_;
  Mirror& mirror_;
  CopiesMade& copies_;
  Turns& turns_;
  peer::sdk::BrokerHost& host_;
  std::unordered_map<Fingerprint, Going> going_;
  /// Parts with copies of those that have been parked here, until their records are kept.
  std::unordered_map<Fingerprint, std::set<std::size_t>> parked_;
};

}  // namespace peer_redis
