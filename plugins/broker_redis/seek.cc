#include "cluster_node.h"

#include <utility>

// Which node has a peer is asked of Redis, by a script that passes the message on by the way; what
// follows goes by the route that has been found. One connection, so nothing overtakes.
//
// Where a route turns out to be wrong, or leads to a node that listens to nobody (it may be
// building its link anew), the messages for the peer wait, and one at a time is asked for: once all
// that was sent by the old route is known to have arrived or to be lost, and until the node is
// back.

namespace peer_redis {

using peer::sdk::RouteOutcome;

namespace {

constexpr std::size_t kMaxRoutes = 200'000;
constexpr std::size_t kMaxHeldBytes = std::size_t{4} << 20;
/// So long is a node waited for that listens to nobody, before its peers are "not found".
constexpr std::chrono::milliseconds kPatience{500};
/// And so long when Redis was away from this node, too: then a message is dropped silently.
constexpr std::chrono::seconds kPatienceAfterOutage{2};
constexpr std::chrono::milliseconds kPause{25};

std::size_t size_of(const ClusterNode::Directed& message) { return message.text.size() + 256; }

}  // namespace

void ClusterNode::ask_where(std::uint64_t number, Directed message) {
  const std::string to = to_hex(message.to);
  const std::string envelope = directed_envelope(number, false, message);
  link_.run(
      Script::kRoute, {to, envelope, "1"},
      [this, number, message = std::make_shared<Directed>(std::move(message))](const Reply* reply) {
        if (reply == nullptr || reply->is_error()) return not_done(number, *message, reply);
        if ((*reply)[0].text() == "absent") return wait_for(number, *message, (*reply)[1].text());
        take_route(number, *message, *reply);
      },
      Link::Kind::kMessage);
}

void ClusterNode::take_route(std::uint64_t number, const Directed& message, const Reply& reply) {
  const std::string_view verdict = reply[0].text();
  if (verdict == "sent") {
    has_overtaken(message.to, number);
    outcomes_.note_way(number, Outcomes::Way::kOneNode);
    if (foreign_listeners_) publish_directed_to_guide(message, true);
    if (seeks_.contains(message.to)) return;
    if (routes_.size() >= kMaxRoutes) routes_.erase(routes_.begin());
    routes_.insert_or_assign(message.to, std::make_shared<const std::string>(reply[1].text()));
    absent_.erase(std::string(reply[1].text()));
  } else if (verdict == "foreign") {
    foreign_listeners_ = options_.legacy_channels;
    publish_directed_to_guide(message, false);
    outcomes_.settle(number, RouteOutcome::kDelivered);
  } else if (verdict == "unsettled") {  // to all nodes: nobody knows yet who has it
    outcomes_.note_way(number, Outcomes::Way::kAllNodes);
  } else {
    outcomes_.settle(number, RouteOutcome::kNotFound);
  }
}

// The message did not reach `node`, which had its target.
void ClusterNode::wait_for(std::uint64_t number, const Directed& message, std::string_view node) {
  const auto route = routes_.find(message.to);
  if (route != routes_.end() && *route->second == node) routes_.erase(route);
  absent_.try_emplace(std::string(node), Clock::now());
  hold_back(number, message, node);
}

// `node`: the last that had its target, to which messages may be on their way.
void ClusterNode::hold_back(std::uint64_t number, Directed message, std::string_view node) {
  if (link_.is_giving_up()) return keep_for_next_link(number, std::move(message));
  if (held_bytes_ > kMaxHeldBytes) return drop(number);
  const Fingerprint to = message.to;
  held_bytes_ += size_of(message);
  const auto [at, is_new] = seeks_.try_emplace(to);
  at->second.waiting.emplace(number, std::move(message));
  if (!is_new) return;
  at->second.id = number;
  ask_whether_arrived(to, number, node);
}

// What was published to `node` before this has arrived there, or is known to be lost, when the
// answer comes: its own, or that of Redis that nobody listens.
void ClusterNode::ask_whether_arrived(const Fingerprint& peer, std::uint64_t id,
                                      std::string_view node) {
  const std::string channel = options_.node_channel(node);
  link_.publish(channel, pack({"B", node_, to_hex(peer), std::to_string(id)}),
                [this, peer, id](const Reply* listeners) {
                  if (listeners == nullptr) return drop_seek(peer, id);
                  if (listeners->is_refusal()) return;  // the message waits for the next link
                  if (listeners->is_error()) return drop_seek(peer, id);
                  if (listeners->integer() == 0) return ask_again(peer, id);
                  loop_.run_at(Clock::now() + kPatience, [this, peer, id] { ask_again(peer, id); });
                });
}

bool ClusterNode::take_arrival_request(const Fields& fields) {
  if (fields.size() != 4 || fields[1].size() > 64 || fields[2].size() != 64) return false;
  if (fields[3].size() > 20) return false;
  // Behind what has been passed on, on the same connection.
  const std::string channel = options_.node_channel(fields[1]);
  link_.publish(channel, pack({"C", fields[2], fields[3]}), [](const Reply*) {});
  return true;
}

bool ClusterNode::take_arrival(const Fields& fields) {
  const auto peer = fields.size() == 3 ? from_hex(fields[1]) : std::nullopt;
  const auto id = peer ? to_number<std::uint64_t>(fields[2]) : std::nullopt;
  if (id) ask_again(*peer, *id);
  return id.has_value();
}

ClusterNode::Seek* ClusterNode::find_seek(const Fingerprint& peer, std::uint64_t id) {
  const auto found = seeks_.find(peer);
  return found != seeks_.end() && found->second.id == id ? &found->second : nullptr;
}

void ClusterNode::ask_again(const Fingerprint& peer, std::uint64_t id) {
  Seek* seek = find_seek(peer, id);
  if (seek == nullptr || seek->under_way || link_.is_giving_up()) return;
  const auto& [number, message] = *seek->waiting.begin();
  seek->under_way = number;
  const std::string envelope = directed_envelope(number, false, message);
  link_.run(
      Script::kRoute, {to_hex(peer), envelope, seek->patient ? "1" : "0"},
      [this, peer, id](const Reply* reply) {
        if (reply == nullptr) return drop_seek(peer, id);
        if (find_seek(peer, id) == nullptr) return;
        reply->is_error() ? take_seek_error(peer, id, *reply) : take_sought_route(peer, id, *reply);
      },
      Link::Kind::kMessage);
}

void ClusterNode::take_sought_route(const Fingerprint& peer, std::uint64_t id, const Reply& reply) {
  Seek& seek = seeks_.at(peer);
  const std::uint64_t asked = *std::exchange(seek.under_way, std::nullopt);
  if (reply[0].text() == "absent") {
    const Time now = Clock::now();
    const Time since = absent_.try_emplace(std::string(reply[1].text()), now).first->second;
    const bool after_outage = now - up_since_ < options_.lease / 2;
    if (after_outage && now - since >= kPatienceAfterOutage) return drop_seek(peer, id);
    seek.patient = after_outage || now - since < kPatience;
    if (!seek.patient) return ask_again(peer, id);
    loop_.run_at(Clock::now() + kPause, [this, peer, id] { ask_again(peer, id); });
    return;
  }
  auto waiting = std::move(seek.waiting);
  seeks_.erase(peer);
  for (auto& [number, message] : waiting) {
    held_bytes_ -= size_of(message);
    if (number == asked) {
      take_route(number, message, reply);
    } else {
      send_numbered(number, std::move(message));
    }
  }
}

// The script did not run, or nobody knows how far.
void ClusterNode::take_seek_error(const Fingerprint& peer, std::uint64_t id, const Reply& error) {
  const std::uint64_t asked = *std::exchange(seeks_.at(peer).under_way, std::nullopt);
  if (error.is_refusal()) return;  // the link fails, and the message waits for the next
  drop_held(seeks_.find(peer), [asked](const auto& held) { return held.first == asked; });
  ask_again(peer, id);
}

// It did not get as far as Redis' channels, or may not have: `reply` is an error, or none.
void ClusterNode::not_done(std::uint64_t number, const Directed& message, const Reply* reply) {
  if (reply == nullptr || !reply->is_refusal()) return drop(number);
  keep_for_next_link(number, message);
}

// While the link gives up. Those for one peer wait in their order, and interrupt_seeks() takes them
// to the outage queue.
void ClusterNode::keep_for_next_link(std::uint64_t number, Directed message) {
  if (held_bytes_ > kMaxHeldBytes) return drop(number);
  held_bytes_ += size_of(message);
  Seek& seek = seeks_[message.to];
  seek.waiting.emplace(number, std::move(message));
}

template <typename Predicate>
void ClusterNode::drop_held(Seeks::iterator seek, Predicate is_it) {
  auto& waiting = seek->second.waiting;
  for (auto at = waiting.begin(); at != waiting.end();) {
    if (!is_it(*at)) {
      ++at;
      continue;
    }
    held_bytes_ -= size_of(at->second);
    drop(at->first);
    at = waiting.erase(at);
  }
  if (waiting.empty()) seeks_.erase(seek);
}

// The way to Redis is full, or has failed.
void ClusterNode::drop_seek(const Fingerprint& peer, std::uint64_t id) {
  if (find_seek(peer, id) == nullptr) return;
  drop_held(seeks_.find(peer), [](const auto&) { return true; });
}

// A later message for the peer has arrived.
void ClusterNode::has_overtaken(const Fingerprint& peer, std::uint64_t number) {
  if (seeks_.empty()) return;
  const auto seek = seeks_.find(peer);
  if (seek == seeks_.end()) return;
  drop_held(seek, [number](const auto& held) { return held.first < number; });
}

// The sender's broadcast does not wait.
void ClusterNode::has_overtaken_all_of(const Fingerprint& sender) {
  for (auto seek = seeks_.begin(); seek != seeks_.end();) {
    drop_held(seek++, [&](const auto& held) { return held.second.from == sender; });
  }
}

// The peer is not with that node any more. What has been sent there may be on its way still.
void ClusterNode::leave_route(const Fingerprint& peer, std::string_view node) {
  const auto route = routes_.find(peer);
  if (route == routes_.end() || *route->second != node) return;
  if (moved_.size() >= kMaxRoutes) moved_.erase(moved_.begin());
  moved_.insert_or_assign(peer, *route->second);
  routes_.erase(route);
}

// The link has failed. What has not been sent waits for the next; of what has, nobody knows.
void ClusterNode::interrupt_seeks() {
  routes_.clear();
  moved_.clear();
  absent_.clear();
  held_bytes_ = 0;
  for (auto& [peer, seek] : std::exchange(seeks_, {})) {
    for (auto& [number, message] : seek.waiting) {
      if (number == seek.under_way) {
        drop(number);
        continue;
      }
      auto reply = outcomes_.release(number);
      if (!reply) continue;
      route(std::move(message), std::move(reply));
    }
  }
}

}  // namespace peer_redis
