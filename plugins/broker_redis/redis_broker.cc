#include "redis_broker.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <string>
#include <utility>
#include <vector>

namespace peer_redis {

using namespace peer::sdk;

namespace {

constexpr std::size_t kMaxPostedBytes = std::size_t{16} << 20;
constexpr std::size_t kMaxPostedMessages = 65'536;
constexpr std::chrono::milliseconds kGoodbye{500};

}  // namespace

void RedisBroker::start(BrokerHost& host) {
  loop_ = std::make_unique<EventLoop>();
  node_ = std::make_unique<ClusterNode>(*loop_, options_, host, shared_);
  loop_->at_round_end([this] { node_->flush(); });
  loop_->at_exception([this](std::string_view what) { node_->recover(what); });
  loop_->post([this] { node_->start(); });
  loop_->start();
}

void RedisBroker::stop() {
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
  status.latency = std::chrono::microseconds(shared_.latency_us);
  status.dropped = shared_.dropped;
  status.queued_messages = shared_.queued_messages;
  status.queued_bytes = shared_.queued_bytes;
  status.pending = shared_.pending;
  return status;
}

bool RedisBroker::post_message(std::size_t size, Task task) {
  if (shared_.posted_messages >= kMaxPostedMessages || shared_.posted_bytes >= kMaxPostedBytes) {
    ++shared_.dropped;
    return false;
  }
  ++shared_.posted_messages;
  shared_.posted_bytes += size;
  loop_->post([this, size, task = std::move(task)] {
    --shared_.posted_messages;
    shared_.posted_bytes -= size;
    task();
  });
  return true;
}

void RedisBroker::register_peer(const Registered& peer, std::string_view alias,
                                ReplyTo<RegisterOutcome> reply) {
  loop_->post([this, peer, alias = std::string(alias), reply = std::move(reply)] {
    node_->register_peer(peer, alias, reply);
  });
}

void RedisBroker::unregister_peer(const Registered& peer) {
  loop_->post([this, peer] { node_->unregister_peer(peer); });
}

void RedisBroker::resolve(std::span<const std::string_view> aliases,
                          ReplyTo<ResolveOutcome> reply) {
  std::vector<std::string> names(aliases.begin(), aliases.end());
  loop_->post(
      [this, names = std::move(names), reply = std::move(reply)] { node_->resolve(names, reply); });
}

void RedisBroker::route(const DirectedMessage& message, ReplyTo<RouteOutcome> reply) {
  ClusterNode::Directed copy{message.from,
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
  ClusterNode::Broadcast copy{std::string(message.ns),
                              message.from,
                              {message.exclude.begin(), message.exclude.end()},
                              std::string(message.text)};
  const bool posted = post_message(message.text.size() + 256,
                                   [this, copy = std::move(copy)] { node_->broadcast(copy); });
  if (!posted || shared_.state == BrokerStatus::State::kDegraded) return 0;
  const std::uint64_t elsewhere = shared_.elsewhere(message.ns);
  return elsewhere - std::min<std::uint64_t>(elsewhere, message.exclude.size());
}

void RedisBroker::join(const JoinRequest& request, ReplyTo<JoinOutcome> reply) {
  ClusterNode::Join join{std::string(request.ns), request.peer, std::string(request.object),
                         request.max_size,        request.page, std::nullopt};
  if (request.room != nullptr) join.room = *request.room;
  loop_->post(
      [this, join = std::move(join), reply = std::move(reply)] { node_->join(join, reply); });
}

void RedisBroker::leave(std::string_view ns, const Registered& peer) {
  loop_->post([this, ns = std::string(ns), peer] { node_->leave(ns, peer); });
}

void RedisBroker::update(std::string_view ns, const Registered& peer, std::string_view object) {
  loop_->post([this, ns = std::string(ns), peer, object = std::string(object)] {
    node_->update(ns, peer, object);
  });
}

void RedisBroker::list(std::string_view ns, const std::optional<Fingerprint>& after,
                       std::uint32_t limit, ReplyTo<std::optional<MemberPage>> reply) {
  loop_->post([this, ns = std::string(ns), after, limit, reply = std::move(reply)] {
    node_->list(ns, after, limit, reply);
  });
}

void RedisBroker::read_room(std::string_view room_id, ReplyTo<RoomReading> reply) {
  loop_->post([this, room_id = std::string(room_id), reply = std::move(reply)] {
    node_->read_room(room_id, reply);
  });
}

void RedisBroker::commit_room(std::string_view room_id, const RoomCommit& commit,
                              ReplyTo<CommitOutcome> reply) {
  loop_->post([this, room_id = std::string(room_id), commit, reply = std::move(reply)] {
    node_->commit_room(room_id, commit, reply);
  });
}

bool RedisBroker::add_ticket(std::string_view ns, const SharedTicket& ticket,
                             std::optional<TicketId> replaces) {
  loop_->post(
      [this, ns = std::string(ns), ticket, replaces] { node_->add_ticket(ns, ticket, replaces); });
  return true;
}

void RedisBroker::ticket_waits(std::string_view ns, TicketId ticket) {
  loop_->post([this, ns = std::string(ns), ticket] { node_->ticket_waits(ns, ticket); });
}

void RedisBroker::remove_ticket(std::string_view ns, TicketId ticket, ReplyTo<TicketEnd> reply) {
  loop_->post([this, ns = std::string(ns), ticket, reply = std::move(reply)] {
    node_->remove_ticket(ns, ticket, reply);
  });
}

void RedisBroker::claim(std::string_view ns, std::string_view session_id,
                        std::span<const TicketId> tickets, ReplyTo<ClaimOutcome> reply) {
  std::vector<TicketId> ids(tickets.begin(), tickets.end());
  loop_->post([this, ns = std::string(ns), session = std::string(session_id), ids = std::move(ids),
               reply = std::move(reply)] { node_->claim(ns, session, ids, reply); });
}

}  // namespace peer_redis
