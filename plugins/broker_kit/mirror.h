#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <peer/sdk/broker_types.h>

#include "plugins/broker_kit/event_loop.h"

namespace peer_broker_kit {

using peer::sdk::Fingerprint;
using peer::sdk::Registered;

/// How a broker stores what RoomCommit says beside the room, as texts.
struct RoomTerms {
  std::string listed;  ///< "1" public, "0" not, empty: never
  std::string
      empty;  ///< "60000 1000": how long (ms) it waits for members, how many rooms may do so

  friend bool operator==(const RoomTerms&, const RoomTerms&) = default;
};
[[nodiscard]] RoomTerms terms_of(const peer::sdk::RoomCommit& commit);

/// What a registration shows of its right to the fingerprint, as it is shared: kProved, the digits
/// of a secret's hash, or nothing. While it lasts, only who shows the same replaces it.
inline constexpr std::string_view kProved = "1";

/// What the core has told of this node's own peers: the truth that Redis is put right with after
/// an outage. Loop thread only.
class Mirror {
 public:
  /// One membership of a peer here.
  struct Member {
    std::string object;
    bool shared = false;  ///< it has been in Redis: other nodes' members have been told
    std::string place;    ///< among the members, as Redis said; empty: not known
  };
  struct Peer {
    std::uint64_t registration = 0;
    std::string alias;
    std::string proof;   ///< who may replace it has the same; empty: anybody
    std::string tokens;  ///< of its session, as they are shared; empty: it has none
    Time since;          ///< of the registration
    std::optional<std::int64_t> shared_since;            ///< the same on Redis' clock, us
    std::map<std::string, Member, std::less<>> members;  ///< by namespace
  };
  /// A room as this node knows it; the version is the one of Redis.
  struct Room {
    peer::sdk::RoomState state;
    std::uint64_t version = 0;
    std::string created{};  ///< when, as Redis said; empty: not known
    RoomTerms terms{};
  };
  struct Namespace {
    std::uint32_t own = 0;    ///< members on this node
    std::uint64_t total = 0;  ///< on all nodes, as far as the news have come
    /// Members on other nodes that those here have been told of; nullopt: not known, or too many.
    std::optional<std::unordered_set<Fingerprint>> elsewhere{std::in_place};
    std::optional<Room> room;
    bool is_first = false;  ///< `elsewhere` is on its way for its first member here, who knows
    bool behind = false;    ///< the members here may have missed who came and went elsewhere
    bool quiet = false;     ///< nobody is told who comes and goes
  };

  /// Enters a registration without memberships, in place of an older one of the same peer. `proof`:
  /// see kProved.
  void add_peer(const Registered& peer, std::string_view alias, std::string_view proof = {});
  /// Another peer of the cluster holds the alias.
  void drop_alias(const Registered& peer);
  /// False: another registration is the live one.
  bool remove_peer(const Registered& peer);
  [[nodiscard]] const Peer* find(const Fingerprint& peer) const;
  [[nodiscard]] Peer* find(const Fingerprint& peer);
  [[nodiscard]] bool is_live(const Registered& peer) const;
  [[nodiscard]] std::optional<Fingerprint> holder_of(std::string_view alias) const;
  [[nodiscard]] const std::unordered_map<Fingerprint, Peer>& peers() const { return peers_; }

  /// Entered or refreshed. Ignored for a registration that is not live.
  void add_member(std::string_view ns, const Registered& peer, std::string_view object);
  /// `place`: as Redis says; empty: as it was.
  void mark_shared(std::string_view ns, const Registered& peer, std::string_view place);
  /// False: it is no member, or another registration is the live one.
  bool remove_member(std::string_view ns, const Registered& peer);
  /// A peer whose memberships have been taken out of its entry has had this one.
  void release_member(std::string_view ns) { release(ns); }
  /// The members here may have missed anything.
  void mark_all_behind();
  /// Null when no peer of this node is a member.
  [[nodiscard]] Namespace* find(std::string_view ns);
  [[nodiscard]] const std::map<std::string, Namespace, std::less<>>& namespaces() const {
    return namespaces_;
  }

 private:
  /// One member of this node fewer; the namespace goes with the last one.
  void release(std::string_view ns);
  void forget_alias(const Fingerprint& peer, const Peer& entry);

  std::unordered_map<Fingerprint, Peer> peers_;
  std::map<std::string, Fingerprint, std::less<>> aliases_;
  std::map<std::string, Namespace, std::less<>> namespaces_;
};

}  // namespace peer_broker_kit
