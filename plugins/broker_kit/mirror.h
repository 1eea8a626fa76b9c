#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <peer/sdk/broker_types.h>

#include "plugins/broker_kit/event_loop.h"

namespace peer_broker_kit {

using peer::sdk::Fingerprint;
using peer::sdk::Registered;
using peer::sdk::Watches;

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

/// What members watch, as it is shared: "m" meta, "p" presence, "mp" both, empty: nothing.
[[nodiscard]] std::string watches_text(Watches watches);

/// What the core has told of this node's own peers: the truth that the nodes' store is put right
/// with after an outage. Loop thread only; pointers and references are good until the next call
/// that adds or removes.
class Mirror {
 public:
  /// One membership of a peer here.
  struct Member {
    std::string object;
    bool shared = false;  ///< it has been in the store: other nodes' members have been told
    std::string place;    ///< among the members, as the store said; empty: not known
    Watches watches{};
  };
  using Members = std::map<std::string, Member, std::less<>>;
  struct Peer {
    std::uint64_t registration = 0;
    std::string alias;
    std::string proof;   ///< who may replace it has the same; empty: anybody
    std::string tokens;  ///< of its session, as they are shared; empty: it has none
    bool away = false;   ///< its session is, and who lists its namespaces sees it
    Time since;          ///< of the registration
    std::optional<std::int64_t> shared_since;  ///< the same by the store's clock, us
    Members members;                           ///< by namespace
  };
  /// A room as this node knows it; the version is the one of the store.
  struct Room {
    peer::sdk::RoomState state;
    std::uint64_t version = 0;
    std::string created{};  ///< when, as the store said; empty: not known
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
    std::uint32_t meta_watchers = 0;      ///< members here
    std::uint32_t presence_watchers = 0;  ///< the same
    std::string marked{};                 ///< what they watch, as it is shared (watches_text)
    /// Members on other nodes that those here have been told of as away, as far as it is known.
    std::unordered_set<Fingerprint> away{};
  };

  /// Enters a registration without memberships, in place of an older one of the same peer. `proof`:
  /// see kProved.
  void add_peer(const Registered& peer, std::string_view alias, std::string_view proof = {});
  /// The peer, which has none, has this one in what is shared.
  void set_alias(const Registered& peer, std::string_view alias);
  /// Another peer of the cluster holds the alias.
  void drop_alias(const Registered& peer);
  /// False: another registration is the live one.
  bool remove_peer(const Registered& peer);
  /// A registration of this node is another one's from now on, or no node's. Until the core has let
  /// it go the stream stands still: so the last ones alone, as many as there are streams, can have
  /// an end by the core under way.
  void note_gone_over(const Registered& peer) {
    gone_over_.push_back(peer);
    if (gone_over_.size() > kMostGoneOver) gone_over_.pop_front();
  }
  [[nodiscard]] bool has_gone_over(const Registered& peer) const {
    return std::find(gone_over_.begin(), gone_over_.end(), peer) != gone_over_.end();
  }
  /// Null: no peer of this node has it.
  [[nodiscard]] const Peer* find(const Fingerprint& peer) const;
  [[nodiscard]] Peer* find(const Fingerprint& peer);
  /// Whether that registration is the peer's latest here: calls about an earlier one come too late.
  [[nodiscard]] bool is_live(const Registered& peer) const;
  [[nodiscard]] std::optional<Fingerprint> holder_of(std::string_view alias) const;
  [[nodiscard]] const std::unordered_map<Fingerprint, Peer>& peers() const { return peers_; }

  /// Entered or refreshed. Ignored for a registration that is not live.
  void add_member(std::string_view ns, const Registered& peer, std::string_view object);
  /// Whether a peer of this node is one.
  [[nodiscard]] bool is_member(std::string_view ns, const Fingerprint& peer) const;
  /// Ignored for who is no member.
  void set_watches(std::string_view ns, const Registered& peer, Watches watches);
  /// `place`: as the store says; empty: as it was.
  void mark_shared(std::string_view ns, const Registered& peer, std::string_view place);
  /// False: it is no member, or another registration is the live one.
  bool remove_member(std::string_view ns, const Registered& peer);
  /// A peer whose memberships have been taken out of its entry has had this one.
  void release_member(std::string_view ns, const Member& member) { release(ns, member); }
  /// Namespaces fewer members of which watch others than before, since this was called last.
  [[nodiscard]] std::vector<std::string> take_less_watched() {
    return std::exchange(less_watched_, {});
  }
  /// The members here may have missed anything of these namespaces.
  template <typename Predicate>
  void mark_behind(Predicate is_one_of_them) {
    for (auto& [ns, here] : namespaces_) {
      if (!is_one_of_them(ns)) continue;
      here.behind = true;
      here.is_first = false;
    }
  }
  /// Null when no peer of this node is a member.
  [[nodiscard]] Namespace* find(std::string_view ns);
  [[nodiscard]] const std::map<std::string, Namespace, std::less<>>& namespaces() const {
    return namespaces_;
  }

 private:
  /// One member of this node fewer; the namespace goes with the last one.
  void release(std::string_view ns, const Member& member);
  void count_watches(std::string_view ns, Namespace& here, Watches before, Watches now);
  void forget_alias(const Fingerprint& peer, const Peer& entry);

  std::unordered_map<Fingerprint, Peer> peers_;
  std::map<std::string, Fingerprint, std::less<>> aliases_;
  std::map<std::string, Namespace, std::less<>> namespaces_;
  std::vector<std::string> less_watched_;
  static constexpr std::size_t kMostGoneOver = 256;
  std::deque<Registered> gone_over_;
};

}  // namespace peer_broker_kit
