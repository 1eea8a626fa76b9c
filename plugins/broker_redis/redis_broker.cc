#include "redis_broker.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// In: calls of the core, from any loop. Out: tasks for the plugin's thread, in the order of the
// calls of each caller. All views are copied before a call returns. Messages are bounded
// (post_message); calls that change state are not, since the mirror may miss none of them.
namespace peer_redis {

using namespace peer::sdk;

namespace {

constexpr std::size_t kMaxPostedBytes = std::size_t{16} << 20;
constexpr std::size_t kMaxPostedMessages = 65'536;
constexpr std::chrono::minutes kBetweenWarnings{1};
// Below the second that the core leaves for its plugins within `shutdown_timeout`.
constexpr std::chrono::milliseconds kGoodbye{800};

std::string packed(std::span<const Fingerprint> peers) {
  std::string text;
  for (const Fingerprint& peer : peers) append_field(text, to_hex(peer));
  return text;
}

}  // namespace

void RedisBroker::start(BrokerHost& host) {
  host_ = &host;
  loop_ = std::make_unique<EventLoop>();
  node_ = std::make_unique<ClusterNode>(*loop_, options_, host, plugin_host_, shared_);
  loop_->at_round_end([this] { node_->flush(); });
  loop_->at_exception([this](std::string_view what) { node_->recover(what); });
  loop_->post([this] { node_->start(); });
  loop_->start();
}

void RedisBroker::stop() {
  // Shared, because the answer may come when this function waits no longer.
  const auto gone = std::make_shared<std::promise<void>>();
  loop_->post([this, gone] { node_->leave_cluster([gone] { gone->set_value(); }); });
  gone->get_future().wait_for(kGoodbye);
  loop_->post([this] { node_->stop(); });
  loop_->stop();
}

BrokerStatus RedisBroker::status() const {
  BrokerStatus status;
  status.state = shared_.state;
  status.ready = !options_.required || status.state == BrokerStatus::State::kConnected;
  status.nodes = shared_.nodes;
  status.parts_away = shared_.parts_away;
  status.latency = std::chrono::microseconds(shared_.latency_us);
  status.dropped = shared_.dropped;
  status.queued_messages = shared_.posted_messages + shared_.outage_messages;
  status.queued_bytes = shared_.posted_bytes + shared_.outage_bytes + shared_.output_bytes;
  status.pending = shared_.pending;
  return status;
}

bool RedisBroker::post_message(std::size_t size, Task task) {
  if (shared_.posted_messages >= kMaxPostedMessages || shared_.posted_bytes >= kMaxPostedBytes) {
    ++shared_.dropped;
    tell_overload();
    return false;
  }
  // Loops may pass the check above at the same time. The bound may be exceeded by one message for
  // each.
  ++shared_.posted_messages;
  shared_.posted_bytes += size;
  loop_->post([this, size, task = std::move(task)] {
    --shared_.posted_messages;
    shared_.posted_bytes -= size;
    task();
  });
  return true;
}

void RedisBroker::tell_overload() {
  const Time::rep now = Clock::now().time_since_epoch().count();
  Time::rep told = overload_told_;
  const bool is_due = told == 0 || now - told >= Time::duration(kBetweenWarnings).count();
  if (!is_due || !overload_told_.compare_exchange_strong(told, now)) return;
  host_->log_warning(
      "messages for other nodes are dropped: the thread of broker_redis has more to do than it "
      "gets done (broker_dropped_total)");
}

void RedisBroker::register_peer(const Registered& peer, std::string_view alias,
                                ReplyTo<RegisterOutcome> reply) {
  loop_->post([this, peer, alias = std::string(alias), reply = std::move(reply)] {
    node_->enter(peer, alias, {}, reply);
  });
}

void RedisBroker::register_proved(const Registered& peer, std::string_view alias,
                                  ReplyTo<RegisterOutcome> reply) {
  loop_->post([this, peer, alias = std::string(alias), reply = std::move(reply)] {
    node_->enter(peer, alias, kProved, reply);
  });
}

void RedisBroker::register_owned(const Registered& peer, std::string_view alias,
                                 const Fingerprint& secret, ReplyTo<RegisterOutcome> reply) {
  loop_->post([this, peer, alias = std::string(alias), secret, reply = std::move(reply)] {
    node_->enter(peer, alias, to_hex(secret), reply);
  });
}

void RedisBroker::revoke(const Fingerprint& peer, std::string_view message) {
  loop_->post([this, peer, words = std::string(message)] {
    node_->part_of(peer).peers().revoke(peer, words);
  });
}

void RedisBroker::unregister_peer(const Registered& peer) {
  loop_->post([this, peer] { node_->remove(peer); });
}

void RedisBroker::resolve(std::span<const std::string_view> aliases,
                          ReplyTo<ResolveOutcome> reply) {
  std::vector<std::string> names(aliases.begin(), aliases.end());
  loop_->post(
      [this, names = std::move(names), reply = std::move(reply)] { node_->resolve(names, reply); });
}

void RedisBroker::route(const DirectedMessage& message, ReplyTo<RouteOutcome> reply) {
  Directed copy{message.from,
                message.to,
                pack(message.namespaces),
                std::string(message.text),
                message.wants_outcome,
                message.to_alias,
                Clock::now()};
  const bool posted =
      post_message(message.text.size() + 256, [this, copy = std::move(copy), reply]() mutable {
        node_->route(std::move(copy), std::move(reply));
      });
  if (!posted) reply(RouteOutcome::kDropped);
}

std::size_t RedisBroker::broadcast(const NamespaceMessage& message) {
  Broadcast copy{std::string(message.ns),
                 message.from,
                 {message.exclude.begin(), message.exclude.end()},
                 std::string(message.text)};
  const bool posted = post_message(message.text.size() + 256,
                                   [this, copy = std::move(copy)] { node_->broadcast(copy); });
  if (!posted || node_->is_degraded(message.ns)) return 0;
  // Excluded peers may be members elsewhere or not: this counts them as such, so it promises no
  // more copies than there are.
  const std::uint64_t elsewhere = shared_.elsewhere(message.ns);
  return elsewhere - std::min<std::uint64_t>(elsewhere, message.exclude.size());
}

void RedisBroker::join(const JoinRequest& request, ReplyTo<JoinOutcome> reply) {
  auto join =
      std::make_shared<Join>(Join{std::string(request.ns), request.peer,
                                  std::string(request.object), request.max_size, request.page});
  if (request.room != nullptr) join->room = *request.room;
  join->quiet = request.quiet;
  join->watches = request.watches;
  join->reply = std::move(reply);
  loop_->post([this, join = std::move(join)] { node_->part_of(join->ns).namespaces().join(join); });
}

void RedisBroker::leave(std::string_view ns, const Registered& peer) {
  loop_->post(
      [this, ns = std::string(ns), peer] { node_->part_of(ns).namespaces().leave(ns, peer); });
}

void RedisBroker::update(std::string_view ns, const Registered& peer, std::string_view object) {
  loop_->post([this, ns = std::string(ns), peer, object = std::string(object)]() mutable {
    node_->part_of(ns).namespaces().update(ns, peer, std::move(object));
  });
}

void RedisBroker::list(std::string_view ns, const std::optional<Fingerprint>& after,
                       std::uint32_t limit, ReplyTo<std::optional<MemberPage>> reply) {
  loop_->post([this, ns = std::string(ns), after, limit, reply = std::move(reply)] {
    node_->part_of(ns).namespaces().list(ns, after, limit, false, reply);
  });
}

void RedisBroker::read_room(std::string_view room_id, ReplyTo<RoomReading> reply) {
  loop_->post([this, room_id = std::string(room_id), reply = std::move(reply)] {
    node_->part_of(room_id).rooms().read(room_id, reply);
  });
}

void RedisBroker::commit_room(std::string_view room_id, const RoomCommit& commit,
                              ReplyTo<CommitOutcome> reply) {
  auto change = std::make_shared<Commit>(Commit{std::string(room_id), commit, std::move(reply)});
  loop_->post([this, change = std::move(change)] {
    node_->part_of(change->room_id).rooms().commit(change);
  });
}

void RedisBroker::list_rooms(std::uint64_t after, std::uint32_t limit,
                             ReplyTo<std::optional<RoomPage>> reply) {
  loop_->post(
      [this, after, limit, reply = std::move(reply)] { node_->list_rooms(after, limit, reply); });
}

bool RedisBroker::add_ticket(std::string_view ns, const SharedTicket& ticket,
                             std::optional<TicketId> replaces) {
  loop_->post([this, ns = std::string(ns), ticket, replaces] {
    node_->part_of(ns).tickets().add(ns, ticket, replaces);
  });
  return true;
}

void RedisBroker::ticket_waits(std::string_view ns, TicketId ticket) {
  tell_ticket(ns, ticket, {});
}

void RedisBroker::tell_ticket(std::string_view ns, TicketId ticket, std::string_view word) {
  loop_->post([this, ns = std::string(ns), ticket, word = std::string(word)] {
    node_->part_of(ns).tickets().say_waiting(ns, ticket, word);
  });
}

void RedisBroker::remove_ticket(std::string_view ns, TicketId ticket, ReplyTo<TicketEnd> reply) {
  loop_->post([this, ns = std::string(ns), ticket, reply = std::move(reply)] {
    node_->part_of(ns).tickets().remove(ns, ticket, reply);
  });
}

void RedisBroker::claim(std::string_view ns, std::string_view session_id,
                        std::span<const TicketId> tickets, ReplyTo<ClaimOutcome> reply) {
  claim_teams(ns, session_id, tickets, {}, std::move(reply));
}

void RedisBroker::claim_teams(std::string_view ns, std::string_view session_id,
                              std::span<const TicketId> tickets, std::string_view teams,
                              ReplyTo<ClaimOutcome> reply) {
  std::vector<TicketId> ids(tickets.begin(), tickets.end());
  loop_->post([this, ns = std::string(ns), session = std::string(session_id),
               teams = std::string(teams), ids = std::move(ids), reply = std::move(reply)] {
    node_->part_of(ns).tickets().claim(ns, session, teams, ids, reply);
  });
}

void RedisBroker::set_session_tokens(const Registered& peer, std::span<const SessionToken> tokens,
                                     ReplyTo<bool> reply) {
  loop_->post([this, peer, text = tokens_text(tokens), reply = std::move(reply)] {
    node_->moves().set_tokens(peer, text, reply);
  });
}

void RedisBroker::ask_session(const SessionToken& token, std::string_view text,
                              ReplyTo<SessionSearch> reply) {
  loop_->post([this, token = to_hex(token), text = std::string(text), reply = std::move(reply)] {
    node_->part_of_session(token).sessions().ask(token, text, reply);
  });
}

void RedisBroker::tell_node(std::string_view node, std::string_view text) {
  const bool posted =
      post_message(text.size() + 256, [this, node = std::string(node), text = std::string(text)] {
        node_->any_part().sessions().tell_node(node, text);
      });
  static_cast<void>(posted);  // it is counted as dropped, and lost, as with a node out of reach
}

void RedisBroker::take_peer(const PeerTake& take, ReplyTo<TakeOutcome> reply) {
  Sessions::Take copy{take, std::string(take.node), {}};
  copy.what.watches = {};
  for (const WatchedNamespace& watched : take.watches) {
    copy.watches.emplace_back(watched.ns, watched.watches);
  }
  loop_->post([this, take = std::move(copy), reply = std::move(reply)] {
    node_->moves().take(take, reply);
  });
}

void RedisBroker::await_sent(const Fingerprint& peer, ReplyTo<bool> reply) {
  loop_->post([this, peer, reply = std::move(reply)] { node_->moves().await_sent(peer, reply); });
}

void RedisBroker::ask_any_node(std::uint64_t number, std::string_view text,
                               ReplyTo<SessionSearch> reply) {
  loop_->post([this, number, text = std::string(text), reply = std::move(reply)] {
    node_->any_part().sessions().ask_any(number, text, reply);
  });
}

void RedisBroker::park_peer(const Registered& peer, ReplyTo<ParkOutcome> reply) {
  loop_->post([this, peer, reply = std::move(reply)] { node_->moves().park(peer, reply); });
}

void RedisBroker::keep_parked(const Registered& peer, std::string_view record,
                              std::chrono::milliseconds time, ReplyTo<bool> reply) {
  loop_->post([this, peer, record = std::string(record), time, reply = std::move(reply)] {
    node_->moves().keep(peer, record, time, reply);
  });
}

void RedisBroker::next_parked(ReplyTo<ParkedSession> reply) {
  loop_->post([this, reply = std::move(reply)] { node_->moves().next(reply); });
}

void RedisBroker::leave_told(std::string_view ns, const Registered& peer,
                             std::span<const Fingerprint> told) {
  loop_->post([this, ns = std::string(ns), peer, text = packed(told)] {
    node_->part_of(ns).namespaces().leave(ns, peer, text);
  });
}

void RedisBroker::watch(std::string_view ns, const Registered& peer, Watches watches) {
  loop_->post([this, ns = std::string(ns), peer, watches] {
    node_->part_of(ns).watchers().watch(ns, peer, watches);
  });
}

void RedisBroker::list_away(std::string_view ns, const std::optional<Fingerprint>& after,
                            std::uint32_t limit, ReplyTo<std::optional<MemberPage>> reply) {
  loop_->post([this, ns = std::string(ns), after, limit, reply = std::move(reply)] {
    node_->part_of(ns).namespaces().list(ns, after, limit, true, reply);
  });
}

void RedisBroker::set_away(const Registered& peer, bool away, std::span<const AwayNews> news) {
  std::vector<Watchers::Away> copy;
  for (const AwayNews& item : news) copy.push_back({std::string(item.ns), packed(item.told)});
  loop_->post([this, peer, away, news = std::move(copy)] { node_->set_away(peer, away, news); });
}

void RedisBroker::tell_update(std::string_view ns, const Registered& peer, std::string_view text,
                              std::span<const Fingerprint> told) {
  const bool posted = post_message(
      text.size() + 256,
      [this, ns = std::string(ns), peer, text = std::string(text), told = packed(told)] {
        node_->part_of(ns).watchers().tell_update(ns, peer, text, told);
      });
  static_cast<void>(posted);  // it is counted as dropped
}

}  // namespace peer_redis
