#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/cluster/shared_records.h"

namespace peer::test {

/// What is shared, kept by the simplest means, to be compared with what the scripts keep. Each
/// function does what the script of its name promises, and gives the same answer.
class ScriptModel {
 public:
  using Texts = std::vector<std::string>;

  struct Peer {
    std::string node;
    std::uint64_t registration = 0;
    std::int64_t since = 0;
    std::string alias;
    std::uint32_t turns = 0;  ///< registrations that replaced one with another node
    std::int64_t first_turn = 0;
    /// The other parts that have copies, as its node has noted them.
    std::optional<std::string> copies{};
    // Of one that is parked.
    std::string record{};
    bool is_over = false;     ///< nobody has taken it in time
    bool is_offered = false;  ///< to one node, and to no other one for a while
    std::map<std::string, std::uint64_t> missed{};  ///< what had been missed in each then
  };
  struct Room {
    std::uint64_t version = 0;
    std::string owner;
    std::string max_size;
    std::string state;
    std::string listed{};  ///< as the scripts take it: 1, 0, or empty
    std::string empty{};   ///< of how it waits; empty: it does not
  };
  /// One membership as its own node tells it in a resync.
  struct Told {
    std::string object;
    std::uint64_t room_version = 0;  ///< 0: a namespace
    std::uint64_t place = 0;         ///< 0: not known
    bool is_news = false;            ///< the others are told, should it be a member anew
  };
  enum class Kind { kNamespace, kRoom, kCreate };

  const Peer* find(const std::string& peer) const;
  bool is_live(const std::string& node, const std::string& peer, std::uint64_t registration) const;
  const Room* room(const std::string& ns) const;
  Texts members(const std::string& ns) const;
  std::uint64_t place(const std::string& ns, const std::string& peer) const;
  Texts peers_of(const std::string& node) const;
  std::set<std::string> tickets(const std::string& ns) const;
  std::string holder(const std::string& alias) const;

  /// Counts in `record` that it replaces one with another node. False: too often.
  bool take_turn(const std::string& peer, Peer& record) const;
  /// Whether the alias is another's, who has registered before; a later one loses it.
  bool enter(const std::string& peer, Peer record);
  void drop(const std::string& peer);
  /// Of a part that is not the peer's own: the time of what is newer than such a copy, or has ended
  /// since; 0: nothing.
  std::int64_t newer_than_copy(const std::string& peer, const Peer& record) const;
  /// False: it is refused.
  bool copy(const std::string& peer, const Peer& record);
  /// The registration, if it is live, has ended, as a copy of it.
  void end_copy(const std::string& node, const std::string& peer, std::uint64_t registration);
  void forget_end(const std::string& peer) { ended_.erase(peer); }
  const std::map<std::string, std::int64_t>& ended() const { return ended_; }
  /// registered, taken or stale. The alias of a peer whose own part is another one.
  std::string take_alias(const std::string& peer, const Peer& record, const std::string& alias);
  /// The peer goes over to another node, with all but its tickets.
  /// Returns what a parked one has missed.
  std::uint64_t take(const std::string& peer, const std::string& node, std::uint64_t registration,
                     std::int64_t since);
  void note_copies(const std::string& node, const std::string& peer, std::uint64_t registration,
                   const std::string& copies);
  /// False: the registration is not live.
  bool park(const std::string& node, const std::string& peer, std::uint64_t registration);
  bool keep(const std::string& peer, std::uint64_t registration, const std::string& record);
  bool end_parked_copy(const std::string& peer, std::uint64_t registration);
  /// Its time is over, by the clock.
  void let_end(const std::string& peer) { peers_.at(peer).is_over = true; }
  /// It may be offered to another node.
  void offer_again();
  /// A parked peer, its registration, and its record, or, of one that has ended, the other parts
  /// with copies. None: nothing.
  Texts next_parked();
  /// What somebody in it is told.
  void broadcast(const std::string& ns) { tell(ns); }
  std::string join(const std::string& node, const std::string& peer, std::uint64_t registration,
                   const std::string& ns, const std::string& object, std::size_t max_size,
                   Kind kind, const Room& room);
  void leave(const std::string& node, const std::string& peer, std::uint64_t registration,
             const std::string& ns);
  void update(const std::string& node, const std::string& peer, std::uint64_t registration,
              const std::string& ns, const std::string& object);
  std::string commit_room(const std::string& ns, const Room& room, const std::string& kicked,
                          const std::string& by, bool closes);
  struct Resynced {
    bool here = true;                          ///< the peer is the node's now; else it has moved
    bool alias_taken = false;                  ///< is another's
    std::map<std::string, std::string> ended;  ///< names where it is no member: "-1" or by whom
  };
  Resynced resync(const std::string& peer, const Peer& record,
                  const std::map<std::string, Told>& memberships, const Room& room);
  bool add_ticket(const std::string& node, const std::string& peer, std::uint64_t registration,
                  const std::string& ns, const std::string& ticket, const std::string& replaces);
  bool remove_ticket(const std::string& node, const std::string& ns, const std::string& ticket);
  /// The tickets that are gone; none: all have been taken.
  Texts claim(const std::string& ns, const Texts& tickets, const std::set<std::string>& alive);

  /// Everything as lines, in an order that only depends on the content.
  std::set<std::string> lines() const;

 private:
  struct Member {
    std::string peer;
    std::string object;
    std::uint64_t place = 0;
  };

  Member* member(const std::string& ns, const std::string& peer);
  void add_member(const std::string& ns, const std::string& peer, const std::string& object,
                  std::uint64_t place = 0);
  void remove_member(const std::string& ns, const std::string& peer);
  void raise(const std::string& ns);
  void decide(const std::string& ns, const Room& room);
  bool exists(const std::string& ns) const;
  void end_tickets(const std::string& peer);
  void close(const std::string& ns);
  bool has_parked(const std::string& ns) const;
  std::uint64_t missed_of(const std::string& ns) const;
  void tell(const std::string& ns);

  std::map<std::string, Peer> peers_;
  std::map<std::string, std::int64_t> ended_;           ///< times of copies
  std::map<std::string, std::vector<Member>> members_;  ///< by place, then by name
  std::map<std::string, std::uint64_t> last_places_;
  std::map<std::string, Room> rooms_;
  std::set<std::string> listed_;
  std::set<std::string> waiting_;                                      ///< rooms without members
  std::map<std::string, std::map<std::string, std::string>> tickets_;  ///< ticket -> peer
  std::map<std::string, std::map<std::string, std::string>> kicked_;   ///< peer -> by whom
  std::map<std::string, std::uint64_t> missed_;  ///< told while there were parked members
};

/// The same lines of what the scripts keep.
std::set<std::string> lines(const SharedRecords& records);

}  // namespace peer::test
