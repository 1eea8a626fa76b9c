#include "core/admin/local_answer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "core/admin/admin_call.h"
#include "core/admin/bans_file.h"
#include "core/admin/history.h"
#include "core/admin/node_details.h"
#include "core/protocol/json_text.h"
#include "core/session/banning.h"
#include "core/session/foreign_session.h"
#include "core/session/membership.h"
#include "core/session/session.h"
#include "core/wire/notices.h"

// What this node says to a question of the Server API. In: a NodeQuestion, on the loop of the API.
// Out: a NodeAnswer on the same loop. The directories are read here. What only a peer's loop knows
// is asked there: each loop gets a task for at most kPeersAtOnce peers, and posts the next one
// itself, so that messages of its peers come in between.
namespace peer {
namespace {

using Done = UniqueTask<void(NodeAnswer)>;

constexpr std::size_t kPeersAtOnce = 16;

std::string meta_of(const Session& session) {
  const bool is_own = session.foreign && session.meta.empty();
  return is_own ? foreign_of(session).own_meta() : session.meta.to_json();
}

std::string peer_json(const Node& node, const Session& session) {
  std::string json = "{\"fingerprint\":\"" + to_hex(session.fingerprint) + "\"";
  json.append(",\"alias\":").append(json_string(session.alias()));
  json.append(",\"meta\":").append(meta_of(session));
  json.append(",\"namespaces\":[");
  std::string_view comma;
  for (const Membership& membership : session.memberships) {
    append_json_string(json.append(std::exchange(comma, ",")), membership.ns->name);
  }
  if (session.in_unlisted) {
    append_json_string(json.append(comma), foreign_of(session).unlisted_home());
  }
  json.append("],\"node\":\"").append(node.node_id).append("\"");
  json.append(",\"connected_at\":").append(std::to_string(session.registered_at));
  json.append(",\"address\":").append(json_string(session.address()));
  json.append(",\"away\":").append(session.is_away() ? "true" : "false");
  const Connection* transport = session.transport();
  const std::size_t queue = transport != nullptr ? transport->unsent()
                            : session.is_away()  ? session.resumable->away->waiting
                                                 : 0;
  json.append(",\"queue\":").append(std::to_string(queue));
  json.append(",\"messages\":").append(std::to_string(session.messages));
  if (transport != nullptr && transport->round_trip()) {
    json.append(",\"rtt_ms\":").append(std::to_string(transport->round_trip()->count()));
  }
  return json + "}";
}

Session* find_peer(const EventLoop& loop, const PeerPlace& place) {
  Session* session = find_session(loop, place.where);
  const bool is_there =
      session != nullptr && session->fingerprint == place.peer && session->is_registered();
  return is_there ? session : nullptr;
}

/// Some peers on their way to be entries of one answer. Shared by the tasks of the loops; each
/// writes what its own peers come to.
struct Rendering {
  Node& node;
  EventLoop& loop;
  std::vector<PeerPlace> peers;
  bool more;
  Done done;
  std::vector<std::string> json{};  // as peers; empty: it has gone, or stands behind the cut
  std::atomic<std::size_t> parts{0};
};

void finish(Rendering& rendering) {
  NodeAnswer answer;
  answer.more = rendering.more;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < rendering.peers.size(); ++i) {
    std::string& json = rendering.json[i];
    if (json.empty()) continue;
    bytes += json.size();
    if (bytes > kMostAnswerBytes && !answer.entries.empty()) {
      answer.more = true;
      break;
    }
    answer.entries.push_back({to_hex(rendering.peers[i].peer), 0, std::move(json)});
  }
  answer.found = !answer.entries.empty();
  rendering.done(std::move(answer));
}

// On the loop of these peers. One loop writes no more than a whole answer may have: since its peers
// come in order, what it leaves out is behind the cut.
void render_some(const std::shared_ptr<Rendering>& rendering, EventLoop& loop,
                 std::vector<std::size_t> indices, std::size_t begin, std::size_t bytes) {
  const std::size_t end = std::min(begin + kPeersAtOnce, indices.size());
  for (std::size_t i = begin; i < end && bytes <= kMostAnswerBytes; ++i) {
    if (const Session* session = find_peer(loop, rendering->peers[indices[i]])) {
      std::string& json = rendering->json[indices[i]];
      json = peer_json(rendering->node, *session);
      bytes += json.size();
    }
  }
  if (end < indices.size() && bytes <= kMostAnswerBytes) {
    return loop.post([rendering, &loop, indices = std::move(indices), end, bytes]() mutable {
      render_some(rendering, loop, std::move(indices), end, bytes);
    });
  }
  if (--rendering->parts > 0) return;
  rendering->loop.post([rendering] { finish(*rendering); });
}

void render(Node& node, EventLoop& loop, std::vector<PeerPlace> peers, bool more, Done done) {
  std::vector<std::vector<std::size_t>> by_loop(node.loops.size());
  for (std::size_t i = 0; i < peers.size(); ++i) by_loop[peers[i].where.loop].push_back(i);
  const std::shared_ptr<Rendering> rendering(
      new Rendering{node, loop, std::move(peers), more, std::move(done)});
  rendering->json.resize(rendering->peers.size());
  for (const auto& indices : by_loop) rendering->parts += indices.empty() ? 0 : 1;
  if (rendering->parts == 0) return finish(*rendering);
  for (std::size_t i = 0; i < by_loop.size(); ++i) {
    if (by_loop[i].empty()) continue;
    EventLoop& theirs = *node.loops[i];
    theirs.post([rendering, &theirs, indices = std::move(by_loop[i])]() mutable {
      render_some(rendering, theirs, std::move(indices), 0, 0);
    });
  }
}

std::vector<PeerPlace> find_peers(const Node& node, const NodeQuestion& question,
                                  const std::optional<Fingerprint>& after, std::size_t limit) {
  if (question.search.empty()) {
    return question.name.empty() ? node.peers.page(after, limit)
                                 : node.namespaces.page_of_members(question.name, after, limit);
  }
  const Namespace* in = question.name.empty() ? nullptr : node.namespaces.find(question.name);
  if (in == nullptr && !question.name.empty()) return {};
  return node.peers.search(question.search, in, after, limit);
}

void page_of_peers(Node& node, EventLoop& loop, const NodeQuestion& question, Done done) {
  const auto after = parse_fingerprint(question.after);
  const std::size_t limit = question.limit;
  std::vector<PeerPlace> peers = find_peers(node, question, after, limit + 1);
  const bool more = peers.size() > limit;
  if (more) peers.pop_back();
  render(node, loop, std::move(peers), more, std::move(done));
}

std::optional<PeerPlace> find_peer(const Node& node, const std::string& name) {
  const auto peer = node.peers.resolve(name);
  const auto where = peer ? node.peers.find(*peer) : std::nullopt;
  if (!where) return std::nullopt;
  return PeerPlace{*peer, *where};
}

void look_at_peer(Node& node, EventLoop& loop, const NodeQuestion& question, Done done) {
  std::vector<PeerPlace> peers;
  if (const auto place = find_peer(node, question.name)) peers.push_back(*place);
  render(node, loop, std::move(peers), false, std::move(done));
}

/// Does something with a session where it lives; `act(session, answer)`, if it is still there.
template <typename Act>
void with_peer(Node& node, EventLoop& loop, const NodeQuestion& question, Done done, Act act) {
  const auto place = find_peer(node, question.name);
  if (!place) return done({});
  EventLoop& theirs = node.loop_of(place->where);
  theirs.post(
      [&loop, &theirs, place = *place, done = std::move(done), act = std::move(act)]() mutable {
        NodeAnswer answer;
        if (Session* session = find_peer(theirs, place)) {
          answer.found = true;
          act(*session, answer);
        }
        loop.post([done = std::move(done), answer]() mutable { done(std::move(answer)); });
      });
}

void end_peer(Node& node, EventLoop& loop, const NodeQuestion& question, Done done) {
  with_peer(node, loop, question, std::move(done),
            [&node, code = question.code, reason = question.reason](Session& session, NodeAnswer&) {
              end_session(node, session, Ending::kGone);
              session.close(static_cast<CloseCode>(code), reason);
            });
}

void deliver_to_peer(Node& node, EventLoop& loop, const NodeQuestion& question, Done done) {
  const FrameRef frame = server_message_frame({}, question.payload, loop.wall());
  with_peer(node, loop, question, std::move(done), [frame](Session& session, NodeAnswer& answer) {
    const bool queued = session.send(frame) == SendResult::kQueued;
    ++(queued ? answer.delivered : answer.dropped);
  });
}

void send_to_members(Node& node, EventLoop& loop, const NodeQuestion& question, Done done) {
  std::vector<SessionRef> except;
  for (const std::string& name : question.exclude) {
    if (const auto place = find_peer(node, name)) except.push_back(place->where);
  }
  auto by_loop = node.namespaces.recipients(question.name, except);
  const auto report = std::make_shared<DeliveryReport>();
  for (const auto& receivers : by_loop) report->pending += receivers.empty() ? 0 : 1;
  if (report->pending == 0) return done({});
  report->done = [&loop, done = std::move(done)](const DeliveryReport& counts) mutable {
    NodeAnswer answer;
    answer.delivered = counts.delivered;
    answer.dropped = counts.dropped;
    loop.post([done = std::move(done), answer]() mutable { done(std::move(answer)); });
  };
  const FrameRef frame = server_message_frame(question.name, question.payload, loop.wall());
  for (std::size_t i = 0; i < by_loop.size(); ++i) {
    if (by_loop[i].empty()) continue;
    node.loops[i]->post(Delivery{frame, {}, std::move(by_loop[i]), report, Importance::kBroadcast});
  }
}

NodeEntry entry_of(NamespaceFacts facts, bool is_room) {
  NodeEntry entry{std::move(facts.name), facts.members, {}};
  if (is_room) {
    entry.json = "\"max_size\":" + std::to_string(facts.max_size) + ",\"owner\":\"" +
                 to_hex(facts.owner) + "\"";
  }
  return entry;
}

NodeAnswer page_of_names(const Node& node, const NodeQuestion& question, bool rooms) {
  NodeAnswer answer;
  std::size_t bytes = 0;
  for (NamespaceFacts& facts :
       node.namespaces.page_of_names(rooms, question.after, question.limit + 1)) {
    bytes += facts.name.size();
    if (answer.entries.size() == question.limit ||
        (bytes > kMostAnswerBytes && !answer.entries.empty())) {
      answer.more = true;
      break;
    }
    answer.entries.push_back(entry_of(std::move(facts), rooms));
  }
  return answer;
}

NodeAnswer look_at_room(const Node& node, const NodeQuestion& question) {
  NodeAnswer answer;
  if (auto facts = node.namespaces.room_facts(question.name)) {
    answer.found = true;
    answer.entries.push_back(entry_of(std::move(*facts), true));
  }
  return answer;
}

std::string node_json(const Node& node, const LoopLags& lags) {
  std::string json = "{\"node\":\"" + node.node_id + "\",\"version\":\"" PEER_SERVER_VERSION "\"";
  json.append(",\"peers\":").append(std::to_string(node.peer_count()));
  json.append(",\"lag_ms\":")
      .append(milliseconds_text(*std::max_element(lags.begin(), lags.end())));
  return json + ",\"state\":\"" + (node.draining ? "draining" : "ok") + "\"}";
}

NodeAnswer answer_of(const Node& node, std::string json) {
  NodeAnswer answer;
  answer.found = true;
  answer.entries.push_back({node.node_id, 0, std::move(json)});
  return answer;
}

void look_at_node(Node& node, EventLoop& loop, Done done) {
  measure_lag(node, loop, [&node, done = std::move(done)](const LoopLags& lags) mutable {
    done(answer_of(node, node_json(node, lags)));
  });
}

void look_into_node(Node& node, EventLoop& loop, const NodeQuestion& question, Done done) {
  if (question.name != node.node_id) return done({});
  measure_lag(node, loop, [&node, done = std::move(done)](const LoopLags& lags) mutable {
    done(answer_of(node, node_details_json(node, lags)));
  });
}

NodeAnswer past_of_node(const Node& node, const NodeQuestion& question) {
  if (question.name != node.node_id) return {};
  static const History none(milliseconds(1));
  const History& history = node.history != nullptr ? *node.history : none;
  std::string json =
      "{\"node\":\"" + node.node_id +
      "\",\"now\":" + std::to_string(wall_now().time_since_epoch().count()) + "," +
      history.to_json(static_cast<std::int64_t>(parse_count(question.after, INT64_MAX).value_or(0)))
          .substr(1);
  return answer_of(node, std::move(json));
}

NodeAnswer plugins_of_node(const Node& node, const NodeQuestion& question) {
  if (question.name != node.node_id) return {};
  return answer_of(node,
                   "{\"node\":\"" + node.node_id + "\",\"plugins\":" + plugins_json(node) + "}");
}

NodeAnswer page_of_queues(const Node& node, const EventLoop& loop, const NodeQuestion& question) {
  NodeAnswer answer;
  for (QueueFacts& queue : node.matching->page_of_queues(question.after, question.limit + 1)) {
    if (answer.entries.size() == question.limit) {
      answer.more = true;
      break;
    }
    const auto wait = std::max<std::int64_t>((loop.wall() - queue.oldest).count(), 0);
    answer.entries.push_back({std::move(queue.ns), queue.waiting, std::to_string(wait)});
  }
  return answer;
}

// Another node has decided it, or has more of them.
NodeAnswer change_bans(Node& node, EventLoop& loop, const NodeQuestion& question) {
  NodeAnswer answer;
  const auto bans = parse_bans(question.payload);
  if (!bans) return answer;
  const std::int64_t now = loop.wall().time_since_epoch().count();
  std::vector<Ban> news = *bans;
  if (question.kind == NodeQuestion::Kind::kLiftBan) {
    std::erase_if(news, [&](const Ban& ban) {
      return !node.admission.bans().find(ban.target, now).has_value();
    });
    // Whatever the clock says of the node that has put it.
    for (Ban& ban : news) {
      ban.changed_at = std::max(ban.changed_at, next_change(node, ban.target, now));
    }
  }
  answer.found = !news.empty();
  take_bans(node, news, now);
  return answer;
}

}  // namespace

void answer_here(Node& node, EventLoop& loop, const NodeQuestion& question, Done done) {
  using Kind = NodeQuestion::Kind;
  switch (question.kind) {
    case Kind::kPeers:
      return page_of_peers(node, loop, question, std::move(done));
    case Kind::kPeer:
      return look_at_peer(node, loop, question, std::move(done));
    case Kind::kClose:
      return end_peer(node, loop, question, std::move(done));
    case Kind::kSend:
      return deliver_to_peer(node, loop, question, std::move(done));
    case Kind::kSendAll:
      return send_to_members(node, loop, question, std::move(done));
    case Kind::kNamespaces:
      return done(page_of_names(node, question, false));
    case Kind::kRooms:
      return done(page_of_names(node, question, true));
    case Kind::kRoom:
      return done(look_at_room(node, question));
    case Kind::kNode:
      return look_at_node(node, loop, std::move(done));
    case Kind::kNodeDetails:
      return look_into_node(node, loop, question, std::move(done));
    case Kind::kHistory:
      return done(past_of_node(node, question));
    case Kind::kPlugins:
      return done(plugins_of_node(node, question));
    case Kind::kQueues:
      return done(page_of_queues(node, loop, question));
    case Kind::kTakeBan:
    case Kind::kLiftBan:
      return done(change_bans(node, loop, question));
  }
}

}  // namespace peer
