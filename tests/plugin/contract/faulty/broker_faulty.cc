#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <peer/sdk/broker.h>

#include "fault.h"

namespace {

using namespace peer::sdk;
using faulty::is;

/// A cluster whose nodes are in one process, and what they share. Its mutex is held while hosts are
/// called, which call nobody back.
struct Cluster {
  struct Space {
    std::vector<std::pair<Registered, BrokerHost*>> members;
    std::optional<RoomState> room;
    std::uint64_t version = 0;
    bool listed = false;
    std::uint64_t place = 0;  ///< by creation
    std::chrono::milliseconds keep_empty{0};
    std::optional<std::chrono::steady_clock::time_point> ends{};  ///< without members
    std::map<Fingerprint, Watches> watches{};
    std::map<Fingerprint, std::string> objects{};

    /// Whether a peer of that node watches so.
    bool is_watched(const BrokerHost* node, bool Watches::*kind) {
      return std::any_of(members.begin(), members.end(), [&](const auto& member) {
        return member.second == node && watches[member.first.peer].*kind;
      });
    }
  };
  struct Ticket {
    SharedTicket ticket;
    BrokerHost* host = nullptr;
  };

  std::mutex mutex;
  std::vector<BrokerHost*> nodes;
  std::map<Fingerprint, std::pair<Registered, BrokerHost*>> peers;
  std::map<std::string, Fingerprint, std::less<>> aliases;
  std::map<Fingerprint, Fingerprint> secrets;
  std::map<std::string, Space, std::less<>> spaces;
  std::map<std::string, std::map<TicketId, Ticket>, std::less<>> tickets;
  std::set<Fingerprint> away;

  std::uint64_t last_place = 0;

  void decide(Space& space, const RoomCommit& commit) {
    if (!space.room) space.place = ++last_place;
    space.room = commit.room;
    space.listed = commit.listed.value_or(false);
    space.keep_empty = commit.keep_empty;
    if (space.members.empty()) return;
    space.ends.reset();
  }
  /// What has waited in vain has ended.
  void end_spaces() {
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(spaces, [&](const auto& space) {
      return space.second.ends && *space.second.ends <= now && !is("waits_for_ever");
    });
  }
  void tell_others(BrokerHost* own, auto tell) {
    for (BrokerHost* node : nodes) {
      if (node != own) tell(*node);
    }
  }
};

Cluster& cluster() {
  static Cluster shared;
  return shared;
}

/// A node of that cluster, which answers during the call.
class FaultyBroker final : public Broker {
 public:
  FaultyBroker() = default;

  void start(BrokerHost& host) override {
    host_ = &host;
    if (is("leaves_a_thread_when_started")) faulty::leave_a_thread();
    const std::lock_guard lock(shared_.mutex);
    shared_.nodes.push_back(host_);
  }
  void stop() override {
    const std::lock_guard lock(shared_.mutex);
    std::erase(shared_.nodes, host_);
    std::erase_if(shared_.peers, [&](const auto& peer) { return peer.second.second == host_; });
    std::erase_if(shared_.aliases,
                  [&](const auto& alias) { return !shared_.peers.contains(alias.second); });
    for (auto& [name, space] : shared_.spaces) {
      std::erase_if(space.members, [&](const auto& member) { return member.second == host_; });
    }
    for (auto& [name, tickets] : shared_.tickets) {
      std::erase_if(tickets, [&](const auto& ticket) { return ticket.second.host == host_; });
    }
    std::erase_if(shared_.spaces, [](const auto& space) { return space.second.members.empty(); });
  }
  BrokerStatus status() const override {
    BrokerStatus status;
    if (is("counts_no_node")) status.nodes = 0;
    return status;
  }

  void register_peer(const Registered& peer, std::string_view alias,
                     BrokerReply<RegisterOutcome> reply) override {
    enter(peer, alias, {}, std::move(reply));
  }
  void register_owned(const Registered& peer, std::string_view alias, const Fingerprint& secret,
                      BrokerReply<RegisterOutcome> reply) override {
    enter(peer, alias, is("forgets_secrets") ? Fingerprint() : secret, std::move(reply));
  }
  void enter(const Registered& peer, std::string_view alias, const Fingerprint& secret,
             BrokerReply<RegisterOutcome> reply) {
    if (is("blocks")) faulty::take_too_long();
    if (is("throws_at_odd_names") && alias.find('\0') != alias.npos)
      throw std::runtime_error("a NUL");
    if (is("never_answers")) return;
    if (is("answers_twice")) reply({});
    const std::lock_guard lock(shared_.mutex);
    const auto holder = shared_.aliases.find(alias);
    const bool is_taken = holder != shared_.aliases.end() && holder->second != peer.peer;
    const auto before = shared_.peers.find(peer.peer);
    const auto owned = shared_.secrets.find(peer.peer);
    const bool is_owned = before != shared_.peers.end() && owned != shared_.secrets.end();
    if (is_owned && owned->second != secret && !is("keeps_nobody_out")) {
      return reply({.proof_required = true});
    }
    shared_.secrets.erase(peer.peer);
    if (secret != Fingerprint()) shared_.secrets[peer.peer] = secret;
    if (before != shared_.peers.end() && before->second.second != host_ && !is("replaces_nobody")) {
      before->second.second->replaced(before->second.first);
    }
    shared_.peers[peer.peer] = {peer, host_};
    if (!is_taken && !alias.empty()) shared_.aliases[std::string(alias)] = peer.peer;
    reply({.alias_taken = is_taken && !is("gives_aliases_twice")});
  }
  void unregister_peer(const Registered& peer) override {
    const std::lock_guard lock(shared_.mutex);
    const auto found = shared_.peers.find(peer.peer);
    if (found != shared_.peers.end() && found->second.first == peer) shared_.peers.erase(found);
  }
  void resolve(std::span<const std::string_view> aliases,
               BrokerReply<ResolveOutcome> reply) override {
    const std::lock_guard lock(shared_.mutex);
    ResolveOutcome outcome{true, {}};
    for (const std::string_view alias : aliases) {
      const auto found = shared_.aliases.find(alias);
      const bool is_known = found != shared_.aliases.end() && !is("knows_no_alias");
      outcome.holders.push_back(is_known ? std::optional(found->second) : std::nullopt);
    }
    if (is("answers_in_part")) outcome.holders.pop_back();
    reply(outcome);
  }

  void route(const DirectedMessage& message, BrokerReply<RouteOutcome> reply) override {
    const std::lock_guard lock(shared_.mutex);
    const auto found = shared_.peers.find(message.to);
    if (found == shared_.peers.end())
      return reply(is("finds_nobody_dropped") ? RouteOutcome::kDropped : RouteOutcome::kNotFound);
    if (is("loses_a_message") && ++messages_ == 50) return reply(RouteOutcome::kDelivered);
    if (is("doubles_a_message") && ++messages_ == 50) found->second.second->deliver(message);
    reply(found->second.second->deliver(message));
  }
  std::size_t broadcast(const NamespaceMessage& message) override {
    const std::lock_guard lock(shared_.mutex);
    std::size_t copies = 0;
    if (!is("broadcasts_nothing")) {
      shared_.tell_others(host_, [&](BrokerHost& node) { copies += node.deliver(message); });
    }
    return copies;
  }

  void join(const JoinRequest& request, BrokerReply<JoinOutcome> reply) override {
    const std::lock_guard lock(shared_.mutex);
    Cluster::Space& space = shared_.spaces[std::string(request.ns)];
    if (request.room != nullptr && request.room->version != space.version)
      return reply({.status = JoinStatus::kConflict, .version = 0, .page = {}, .hold = {}});
    space.members.emplace_back(request.peer, host_);
    space.watches[request.peer.peer] = request.watches;
    space.objects[request.peer.peer] = request.object;
    if (request.room != nullptr) shared_.decide(space, *request.room);
    ++space.version;
    shared_.tell_others(is("tells_of_its_own") ? nullptr : host_, [&](BrokerHost& node) {
      node.member_joined(request.ns, request.peer.peer, request.object);
    });
    reply({.status = JoinStatus::kJoined,
           .version = space.version,
           .page = page_of(space, request.page),
           .hold = {}});
  }
  void leave(std::string_view ns, const Registered& peer) override {
    const std::lock_guard lock(shared_.mutex);
    const auto found = shared_.spaces.find(ns);
    if (found == shared_.spaces.end()) return;
    const auto gone = std::erase_if(found->second.members,
                                    [&](const auto& member) { return member.first == peer; });
    if (gone == 0) return;
    found->second.watches.erase(peer.peer);
    ++found->second.version;
    shared_.tell_others(host_, [&](BrokerHost& node) { node.member_left(ns, peer.peer); });
    if (!found->second.members.empty()) return;
    if (found->second.keep_empty.count() == 0) return void(shared_.spaces.erase(found));
    found->second.ends = std::chrono::steady_clock::now() + found->second.keep_empty;
    if (is("forgets_while_it_waits")) found->second.room->state.clear();
  }
  void list(std::string_view ns, const std::optional<Fingerprint>&, std::uint32_t limit,
            BrokerReply<std::optional<MemberPage>> reply) override {
    const std::lock_guard lock(shared_.mutex);
    reply(page_of(shared_.spaces[std::string(ns)], limit));
  }

  void read_room(std::string_view room_id, BrokerReply<RoomReading> reply) override {
    const std::lock_guard lock(shared_.mutex);
    shared_.end_spaces();
    const auto found = shared_.spaces.find(room_id);
    RoomReading reading{true, std::nullopt};
    if (found != shared_.spaces.end() && found->second.room) {
      reading.room = RoomRecord{*found->second.room, found->second.version, {}};
      for (const auto& [peer, node] : found->second.members)
        reading.room->members.push_back(peer.peer);
    }
    reply(reading);
  }
  void commit_room(std::string_view room_id, const RoomCommit& commit,
                   BrokerReply<CommitOutcome> reply) override {
    const std::lock_guard lock(shared_.mutex);
    const auto found = shared_.spaces.find(room_id);
    if (found == shared_.spaces.end() || !found->second.room)
      return reply({CommitStatus::kGone, 0});
    if (commit.version != found->second.version && !is("commits_everything"))
      return reply({CommitStatus::kConflict, 0});
    shared_.decide(found->second, commit);
    const RoomNews news{.room_id = room_id, .room = commit.room, .posts = commit.posts};
    shared_.tell_others(nullptr, [&](BrokerHost& node) { node.room_changed(news); });
    reply({CommitStatus::kCommitted, ++found->second.version});
  }

  void list_rooms(std::uint64_t after, std::uint32_t limit,
                  BrokerReply<std::optional<RoomPage>> reply) override {
    const std::lock_guard lock(shared_.mutex);
    shared_.end_spaces();
    RoomPage page;
    for (const auto& [name, space] : shared_.spaces) {
      if (!space.room || (!space.listed && !is("lists_hidden_rooms"))) continue;
      if (space.place <= after && !is("lists_for_ever")) continue;
      page.rooms.push_back(
          {name, *space.room, space.place, static_cast<std::uint32_t>(space.members.size())});
    }
    if (!is("lists_backwards")) {
      std::sort(page.rooms.begin(), page.rooms.end(),
                [](const ListedRoom& a, const ListedRoom& b) { return a.place < b.place; });
    }
    page.more = page.rooms.size() > limit;
    if (page.more && !is("lists_too_many")) page.rooms.resize(limit);
    reply(page);
  }

  bool add_ticket(std::string_view ns, const SharedTicket& ticket,
                  std::optional<TicketId> replaces) override {
    const std::lock_guard lock(shared_.mutex);
    const bool has_ended =
        replaces == ticket.id && !shared_.tickets[std::string(ns)].contains(ticket.id);
    if (has_ended && !is("adds_again")) return true;
    if (replaces == ticket.id && is("tells_once")) return true;
    shared_.tickets[std::string(ns)][ticket.id] = {ticket, host_};
    shared_.nodes.front()->ticket_added(ns, ticket);
    return true;
  }
  void remove_ticket(std::string_view ns, TicketId ticket, BrokerReply<TicketEnd> reply) override {
    const std::lock_guard lock(shared_.mutex);
    const auto found = shared_.tickets.find(ns);
    const bool removed = found != shared_.tickets.end() && found->second.erase(ticket) > 0;
    reply(removed ? TicketEnd::kRemoved : TicketEnd::kGone);
  }
  void claim(std::string_view ns, std::string_view session_id, std::span<const TicketId> tickets,
             BrokerReply<ClaimOutcome> reply) override {
    const std::lock_guard lock(shared_.mutex);
    auto& waiting = shared_.tickets[std::string(ns)];
    ClaimOutcome outcome{true, {}};
    MatchNews news{ns, session_id, {}};
    std::vector<MatchedPeer> peers;
    for (const TicketId id : tickets) {
      if (!waiting.contains(id) && !is("claims_twice")) outcome.gone.push_back(id);
      peers.push_back({{}, id, "{}"});
    }
    if (outcome.gone.empty()) {
      news.peers = peers;
      for (const TicketId id : tickets) waiting.erase(id);
      shared_.tell_others(nullptr, [&](BrokerHost& node) { node.matched(news); });
    }
    reply(outcome);
  }

  void revoke(const Fingerprint& peer, std::string_view message) override {
    const std::lock_guard lock(shared_.mutex);
    if (!is("revokes_nobody"))
      shared_.tell_others(host_, [&](BrokerHost& node) { node.revoked(peer, message); });
  }
  // Says that the session is found by them, and finds nobody (Broker::ask_session).
  void set_session_tokens(const Registered&, std::span<const SessionToken>,
                          BrokerReply<bool> reply) override {
    reply(is("forgets_tokens"));
  }
  // Says that the session stays when its node has gone, and ends it never.
  void park_peer(const Registered&, BrokerReply<ParkOutcome> reply) override {
    reply({.parked = is("parks_for_ever"), .hold = nullptr});
  }
  void watch(std::string_view ns, const Registered& peer, Watches watches) override {
    const std::lock_guard lock(shared_.mutex);
    if (!is("hears_no_wish")) shared_.spaces[std::string(ns)].watches[peer.peer] = watches;
  }
  void set_away(const Registered& peer, bool away, std::span<const AwayNews> news) override {
    const std::lock_guard lock(shared_.mutex);
    if (away) shared_.away.insert(peer.peer);
    if (!away && !is("lists_for_ever_away")) shared_.away.erase(peer.peer);
    for (const AwayNews& item : news) {
      tell_watchers(item.ns, &Watches::presence, [&](BrokerHost& node) {
        node.member_away(item.ns, peer.peer, away,
                         is("names_nobody_told") ? std::span<const Fingerprint>() : item.told);
      });
    }
  }
  void update(std::string_view ns, const Registered& peer, std::string_view object) override {
    const std::lock_guard lock(shared_.mutex);
    Cluster::Space& space = shared_.spaces[std::string(ns)];
    const std::string before = std::exchange(space.objects[peer.peer], std::string(object));
    bool watched = is("sees_watchers_everywhere");
    shared_.tell_others(host_, [&](BrokerHost& node) {
      watched = watched || space.is_watched(&node, &Watches::meta);
    });
    if (watched) host_->update_watched(ns, peer, is("forgets_what_was") ? object : before, object);
  }
  void tell_update(std::string_view ns, const Registered& peer, std::string_view text,
                   std::span<const Fingerprint> told) override {
    const std::lock_guard lock(shared_.mutex);
    const auto& members = shared_.spaces[std::string(ns)].members;
    const bool is_member = std::any_of(members.begin(), members.end(),
                                       [&](const auto& member) { return member.first == peer; });
    if (!is_member && !is("tells_of_who_has_left")) return;
    tell_watchers(ns, &Watches::meta,
                  [&](BrokerHost& node) { node.member_updated(ns, peer.peer, text, told); });
  }
  [[nodiscard]] std::vector<std::string> nodes() const override {
    const std::lock_guard lock(shared_.mutex);
    std::vector<std::string> names;
    for (const BrokerHost* node : shared_.nodes) {
      if (node != host_ || is("lists_itself")) names.emplace_back(node->node_id());
    }
    return names;
  }

 private:
  void tell_watchers(std::string_view ns, bool Watches::*kind, auto tell) {
    Cluster::Space& space = shared_.spaces[std::string(ns)];
    shared_.tell_others(is("tells_its_own_watchers") ? nullptr : host_, [&](BrokerHost& node) {
      const bool is_meant = space.is_watched(&node, kind) || is("tells_who_does_not_watch");
      if (!is_meant && !(is("tells_its_own_watchers") && &node == host_)) return;
      if (!is("tells_no_watcher")) tell(node);
    });
  }
  MemberPage page_of(const Cluster::Space& space, std::uint32_t limit) const {
    MemberPage page{{}, space.members.size(), space.room.has_value()};
    for (const auto& [peer, node] : space.members) {
      if (page.members.size() < limit || is("lists_all"))
        page.members.push_back({peer.peer, node == host_, shared_.away.contains(peer.peer), "{}"});
    }
    return page;
  }

  Cluster& shared_ = cluster();
  BrokerHost* host_ = nullptr;
  int messages_ = 0;
};

}  // namespace

PEER_PLUGIN(peer::sdk::Broker, "faulty", "1.0.0", (faulty::make<Broker, FaultyBroker>))
