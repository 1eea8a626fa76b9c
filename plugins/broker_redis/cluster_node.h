#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <peer/sdk/broker.h>

#include "envelope.h"
#include "event_loop.h"
#include "link.h"
#include "mirror.h"
#include "options.h"
#include "outage_queue.h"
#include "outcomes.h"
#include "shared_state.h"
#include "stream_gate.h"

namespace peer_redis {

struct GuideMessage;

/// This node's part of the cluster. Loop thread only; what it is given is owned by it.
///
/// What it is told goes into the mirror first, and then to Redis. When Redis is away, or what it
/// has is still being put right (resync.cc), the mirror is all that changes.
class ClusterNode {
 public:
  template <typename Outcome>
  using ReplyTo = peer::sdk::BrokerReply<Outcome>;

  struct Join {
    std::string ns;
    Registered peer;
    std::string object;
    std::uint32_t max_size = 0;
    std::uint32_t page = 0;
    std::optional<peer::sdk::RoomCommit> room;
  };
  struct Directed {
    Fingerprint from;
    Fingerprint to;
    std::string namespaces;  ///< packed
    std::string text;
    bool wants_outcome = false;
    bool to_alias = false;  ///< that only nodes of another kind may know
    Time since{};           ///< when it came
  };
  struct Broadcast {
    std::string ns;
    Fingerprint from;
    std::vector<Fingerprint> exclude;
    std::string text;
  };

  ClusterNode(EventLoop& loop, const Options& options, peer::sdk::BrokerHost& host,
              SharedState& shared);

  void start();
  /// Takes this node's peers out of what is shared, and calls `done` when that has reached Redis,
  /// or cannot.
  void leave_cluster(Task done);
  void stop();
  void flush();
  /// After an exception: what was under way is unknown, so the link is built anew, and the resync
  /// puts right what Redis has.
  void recover(std::string_view what);

  // peers.cc
  void register_peer(const Registered& peer, const std::string& alias,
                     const ReplyTo<peer::sdk::RegisterOutcome>& reply);
  void unregister_peer(const Registered& peer);
  void resolve(const std::vector<std::string>& aliases,
               const ReplyTo<peer::sdk::ResolveOutcome>& reply);

  // messages.cc
  void route(Directed message, ReplyTo<peer::sdk::RouteOutcome> reply);
  void broadcast(const Broadcast& message);

  // namespaces.cc
  void join(const Join& join, const ReplyTo<peer::sdk::JoinOutcome>& reply);
  void leave(const std::string& ns, const Registered& peer);
  void update(const std::string& ns, const Registered& peer, const std::string& object);
  void list(const std::string& ns, const std::optional<Fingerprint>& after, std::uint32_t limit,
            const ReplyTo<std::optional<peer::sdk::MemberPage>>& reply);

  // rooms.cc
  void read_room(const std::string& room_id, const ReplyTo<peer::sdk::RoomReading>& reply);
  void commit_room(const std::string& room_id, const peer::sdk::RoomCommit& commit,
                   ReplyTo<peer::sdk::CommitOutcome> reply);

  // matching.cc
  void add_ticket(const std::string& ns, const peer::sdk::SharedTicket& ticket,
                  std::optional<peer::sdk::TicketId> replaces);
  void ticket_waits(const std::string& ns, peer::sdk::TicketId ticket);
  void remove_ticket(const std::string& ns, peer::sdk::TicketId ticket,
                     const ReplyTo<peer::sdk::TicketEnd>& reply);
  void claim(const std::string& ns, const std::string& session,
             const std::vector<peer::sdk::TicketId>& tickets,
             const ReplyTo<peer::sdk::ClaimOutcome>& reply);

 private:
  enum class State { kDegraded, kResyncing, kConnected };

  /// An operation that is done when both its reply and its own announcement have come.
  struct Announced {
    Task finish;        ///< set by the reply, when that comes first
    bool seen = false;  ///< the announcement has come; the stream stands still for the reply
  };
  /// Messages for one peer that wait until it is known again which node has it (seek.cc).
  struct Seek {
    std::uint64_t id = 0;                       ///< the number of its first message
    std::map<std::uint64_t, Directed> waiting;  ///< by number; never none
    std::optional<std::uint64_t> under_way;     ///< the one that is asked for
    bool patient = true;
  };
  using Seeks = std::unordered_map<Fingerprint, Seek>;

  [[nodiscard]] bool connected() const { return state_ == State::kConnected; }
  void set_state(State state);
  void warn(std::string_view text) { host_.log_warning(text); }

  // cluster_node.cc: beats, and who is there
  void give_up_on_error(const Reply* reply);
  void say_full();
  /// So long an operation waits for nodes that put back what was lost; the core's patience is 2 s.
  static constexpr std::chrono::milliseconds kMaxWait{700};
  static constexpr std::chrono::milliseconds kTryAgainAfter{25};
  /// Scripts of one kind that run at a time while all that is shared is put back or compared.
  static constexpr std::size_t kScriptsUnderWay = 64;
  [[nodiscard]] bool waits_for_others(Time since);
  void went_up();
  void went_down(std::string_view why);
  void beat();
  void take_beat(const Reply& reply);
  void take_epoch(const std::string& epoch, bool known, bool quiet);
  void reap(const std::vector<std::string>& dead);
  void reap_chunk(const std::string& node);

  // resync.cc
  void begin_resync(bool quiet);
  void list_own_peers(const std::string& cursor);
  void forget_unknown(const Reply& fingerprints);
  void resync_more();
  void resync_peer(const Fingerprint& peer);
  void take_resynced(const Fingerprint& peer, std::uint64_t registration,
                     const std::vector<std::string>& namespaces, const Reply& reply);
  void end_membership(const std::string& ns, const Registered& peer,
                      const std::optional<Fingerprint>& kicked_by);
  void lose_alias(const Registered& peer);
  void mark_dirty(const Fingerprint& peer);
  void finish_resync();
  void say_back();
  void say_settled();
  [[nodiscard]] std::string since_text(const Mirror::Peer& peer) const;

  // check.cc
  void check_some();
  void append_check(std::vector<std::string>& arguments, const Fingerprint& peer) const;
  void take_check(const Reply& reply);
  void check_eviction();

  // catch_up.cc
  using Objects = std::unordered_map<Fingerprint, std::string>;
  /// What Redis has of a namespace: members elsewhere, nullopt when they are too many; a room.
  struct Shared {
    bool whole = true;  ///< false: some may have yet to be put back
    std::optional<Objects> members;
    std::optional<peer::sdk::RoomState> room;
  };
  void catch_up();
  void catch_up_more();
  void compare_members(const std::string& ns);
  static Shared read_members(const Reply& reply, bool with_objects);
  void take_members(const std::string& ns, const Shared& shared);
  void tell_difference(const std::string& ns, const std::unordered_set<Fingerprint>& known,
                       const Objects& members);
  void know_members(const std::string& ns, const peer::sdk::MemberPage& page);
  static void know_of(Mirror::Namespace& here, const Fingerprint& peer);

  // incoming.cc
  void take_message(std::string_view channel, std::string_view message);
  void take_envelope(std::string_view envelope);
  bool dispatch(const Fields& fields);
  bool take_directed(const Fields& fields);
  bool take_moved(const Fields& fields);
  bool take_nodes_changed(const Fields& fields);
  bool take_outcome(const Fields& fields);
  bool take_broadcast(const Fields& fields);
  bool take_joined(const Fields& fields);
  void hear_of(std::string_view node);
  bool take_left(const Fields& fields);
  bool take_reaped(const Fields& fields);
  bool take_room_change(const Fields& fields);
  bool take_kick(const Fields& fields);
  bool take_replaced(const Fields& fields);
  bool take_alias_lost(const Fields& fields);
  void take_guide_message(std::string_view json);
  [[nodiscard]] std::optional<Fingerprint> find_named(std::string_view name) const;
  void deliver_guide_signal(GuideMessage& message, const Fingerprint& from);
  void deliver_guide_broadcast(const GuideMessage& message, const Fingerprint& from);

  // messages.cc
  void send_directed(Directed message, ReplyTo<peer::sdk::RouteOutcome> reply);
  void send_numbered(std::uint64_t number, Directed message);
  void publish_directed(std::uint64_t number, const std::shared_ptr<const std::string>& node,
                        Directed message);
  [[nodiscard]] std::string directed_envelope(std::uint64_t number, bool by_known_route,
                                              const Directed& message) const;
  void publish_directed_to_guide(const Directed& message, bool routed);
  void pass_on(const Directed& message, std::string_view origin, std::string_view number,
               const std::string& envelope);
  void answer_origin(std::string_view node, std::string_view number,
                     peer::sdk::RouteOutcome outcome);
  void drop(std::uint64_t number);
  void expire_waiting();
  void publish_to_guide(std::string_view name, std::string_view json, bool counts);

  // seek.cc
  void ask_where(std::uint64_t number, Directed message);
  void take_route(std::uint64_t number, const Directed& message, const Reply& reply);
  void wait_for(std::uint64_t number, const Directed& message, std::string_view node);
  void hold_back(std::uint64_t number, Directed message, std::string_view node);
  void ask_whether_arrived(const Fingerprint& peer, std::uint64_t id, std::string_view node);
  bool take_arrival_request(const Fields& fields);
  bool take_arrival(const Fields& fields);
  [[nodiscard]] Seek* find_seek(const Fingerprint& peer, std::uint64_t id);
  void ask_again(const Fingerprint& peer, std::uint64_t id);
  void take_sought_route(const Fingerprint& peer, std::uint64_t id, const Reply& reply);
  void take_seek_error(const Fingerprint& peer, std::uint64_t id, const Reply& error);
  void not_done(std::uint64_t number, const Directed& message, const Reply* reply);
  void keep_for_next_link(std::uint64_t number, Directed message);
  void drop_seek(const Fingerprint& peer, std::uint64_t id);
  template <typename Predicate>
  void drop_held(Seeks::iterator seek, Predicate is_it);
  void has_overtaken(const Fingerprint& peer, std::uint64_t number);
  void has_overtaken_all_of(const Fingerprint& sender);
  void leave_route(const Fingerprint& peer, std::string_view node);
  void interrupt_seeks();

  // namespaces.cc
  /// How often a join has been tried, and since when: what Redis has may have yet to be put right.
  struct Tries {
    Time since;
    bool resynced = false;
    bool patient = true;  ///< waits for nodes that put back what was lost
  };
  void try_join(const Join& join, const ReplyTo<peer::sdk::JoinOutcome>& reply, Tries tries);
  bool try_join_again(std::string_view status, const Join& join,
                      const ReplyTo<peer::sdk::JoinOutcome>& reply, Tries tries);
  void take_join_reply(const std::string& token, const Join& join, const Reply* answer,
                       const ReplyTo<peer::sdk::JoinOutcome>& reply, Tries tries);
  void join_alone(const Join& join, const ReplyTo<peer::sdk::JoinOutcome>& reply);
  void note_move(const Join& join);
  void remember_member(const Join& join, std::uint64_t version, std::uint64_t total);
  void count_members(std::string_view ns, const Mirror::Namespace& here);
  void member_gone(std::string_view ns);
  void complete(const std::string& token, Task finish);
  void abandon(const std::string& token);
  void announcement_seen(const std::string& token);
  [[nodiscard]] peer::sdk::MemberPage read_page(const Reply& reply, std::size_t total,
                                                std::size_t first) const;

  // rooms.cc
  void try_read_room(const std::string& room_id, const ReplyTo<peer::sdk::RoomReading>& reply,
                     Time since);
  void take_commit_reply(const std::string& token, const std::string& room_id,
                         const peer::sdk::RoomCommit& commit, const Reply* answer,
                         const ReplyTo<peer::sdk::CommitOutcome>& reply);
  void commit_alone(const std::string& room_id, const peer::sdk::RoomCommit& commit,
                    const ReplyTo<peer::sdk::CommitOutcome>& reply);
  [[nodiscard]] std::string room_envelope(std::string_view room_id, std::string_view token,
                                          const peer::sdk::RoomCommit& commit) const;

  // matching.cc
  struct TicketEntry {
    std::string node;
    peer::sdk::SharedTicket ticket;
  };
  static std::optional<TicketEntry> read_entry(std::string_view id, std::string_view entry);
  void share_ticket(const std::string& ns, const peer::sdk::SharedTicket& ticket,
                    std::optional<peer::sdk::TicketId> replaces, Link::Kind kind);
  void share_tickets();
  void share_tickets_of(const Fingerprint& peer);
  void match_alone();
  void take_matching(const std::vector<std::string>& namespaces);
  void tell_matcher(std::string_view ns);
  bool take_ticket_hint(const Fields& fields);
  void fetch_tickets(const std::string& ns);
  void fetch_page(const std::string& ns, const std::string& cursor,
                  std::shared_ptr<std::vector<TicketEntry>> found);
  void take_fetched(const std::string& ns, std::vector<TicketEntry>& found);
  void forget_ticket(std::string_view ns, peer::sdk::TicketId ticket);
  void stop_matching(std::string_view ns, peer::sdk::TicketId ticket);
  [[nodiscard]] std::string matcher_of(std::string_view ns) const;
  bool take_ticket(const Fields& fields);
  bool take_ticket_end(const Fields& fields);
  bool take_ticket_waits(const Fields& fields);
  bool take_matched(const Fields& fields);

  EventLoop& loop_;
  const Options& options_;
  peer::sdk::BrokerHost& host_;
  SharedState& shared_;
  const std::string node_;
  const std::string own_channel_;
  Mirror mirror_;
  StreamGate gate_;
  OutageQueue outage_;
  Link link_;

  State state_ = State::kDegraded;
  std::optional<Time> full_told_;          ///< when the log was last told that Redis is full
  std::set<std::string> told_failures_;    ///< kinds, logged once for each outage
  std::string epoch_;                      ///< of Redis' data; another one: the data was lost
  std::int64_t beats_of_all_ = 0;          ///< since its beginning; fewer: it was lost
  std::optional<Time> unsettled_since_;    ///< nodes have yet to put back what was lost
  std::int64_t clock_offset_us_ = 0;       ///< Redis' clock minus ours
  std::vector<std::string> nodes_;         ///< alive, this one included
  std::vector<std::string> nodes_before_;  ///< as of when all was whole, and heard of since
  bool foreign_listeners_ = false;         ///< nodes of another kind obey the original's channels
  Time beating_since_{};                   ///< without a break; from a full lease on it may reap
  Time last_beat_{};
  Time up_since_{};          ///< the link
  bool beating_ = false;     ///< a beat is under way
  bool beat_again_ = false;  ///< when it has come back
  bool beat_soon_ = false;   ///< one is scheduled for news of other nodes
  std::uint64_t beats_ = 0;  ///< number of the chain of beats; of an earlier one none goes on
  std::map<std::string, Time> dead_since_;  ///< nodes whose lease has run out
  std::set<std::string> reaping_;

  std::unordered_set<Fingerprint> dirty_;  ///< to be put right in Redis
  std::size_t resyncs_under_way_ = 0;
  /// Rooms whose policy is to be asked who succeeds a peer, when this node is connected.
  std::vector<std::pair<std::string, Fingerprint>> to_be_settled_;
  bool fresh_link_ = false;  ///< the first beat after an outage is still to come
  bool listing_own_peers_ = false;
  bool quiet_ = false;

  std::deque<Fingerprint> to_check_;  ///< peers, in the present turn
  std::string checked_;               ///< the namespace that was checked last
  std::string told_policy_;           ///< of eviction, as the log was told

  bool catch_up_due_ = false;       ///< when what is shared is whole again
  std::deque<std::string> behind_;  ///< namespaces whose members are to be compared
  std::size_t catching_up_ = 0;     ///< comparisons under way

  /// Which node has whom, as last heard. Shared with the messages under way by it.
  std::unordered_map<Fingerprint, std::shared_ptr<const std::string>> routes_;
  std::unordered_map<Fingerprint, std::string> moved_;  ///< had whom: until the next message
  std::unordered_map<std::string, Time> absent_;        ///< nodes that listen to nobody, since when
  Seeks seeks_;
  std::size_t held_bytes_ = 0;  ///< of all that wait in seeks_
  Outcomes outcomes_;
  std::uint64_t next_number_ = 0;
  bool expiry_scheduled_ = false;
  Time alone_since_ = Clock::now();   ///< unless connected
  std::uint64_t dropped_before_ = 0;  ///< messages, when the outage began
  using Tickets = std::map<peer::sdk::TicketId, peer::sdk::SharedTicket>;
  std::map<std::string, Tickets, std::less<>> tickets_;  ///< of this node's peers
  /// Namespaces that this node matches, and which node has each of their tickets: namespaces
  /// without are left out.
  using TicketNodes = std::map<peer::sdk::TicketId, std::string>;
  std::map<std::string, TicketNodes, std::less<>> matching_;
  bool matching_due_ = false;  ///< who matches what may have changed: with the next beat
  std::unordered_map<std::string, Announced> announced_;  ///< by token
};

}  // namespace peer_redis
