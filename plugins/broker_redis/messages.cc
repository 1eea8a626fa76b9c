#include "cluster_node.h"
#include "guide_messages.h"

// A directed message goes to the channel of the node that has its target: a known route, or one
// that is sought first (seek.cc). A node that does not have the target any more passes it on and
// tells the sender's node. Who has sent is told of errors, and of success if it wants to know.

namespace peer_redis {

using peer::sdk::RouteOutcome;

namespace {

std::string_view outcome_code(RouteOutcome outcome) {
  switch (outcome) {
    case RouteOutcome::kDelivered:
      return "delivered";
    case RouteOutcome::kDropped:
      return "dropped";
    case RouteOutcome::kNotFound:
      return "not_found";
    case RouteOutcome::kForbidden:
      return "forbidden";
    case RouteOutcome::kUnavailable:
      break;
  }
  return "unavailable";
}

}  // namespace

std::string ClusterNode::directed_envelope(std::uint64_t number, bool by_known_route,
                                           const Directed& message) const {
  constexpr std::string_view kFlags[] = {"", "c", "w", "wc"};
  std::string out;
  out.reserve(message.text.size() + message.namespaces.size() + 256);
  append_field(out, "S");
  append_field(out, node_);
  append_field(out, std::to_string(number));
  append_field(out, kFlags[(message.wants_outcome ? 2 : 0) + (by_known_route ? 1 : 0)]);
  append_hex_field(out, message.from);
  append_hex_field(out, message.to);
  append_field(out, message.namespaces);
  append_field(out, message.text);
  return out;
}

void ClusterNode::route(Directed message, ReplyTo<RouteOutcome> reply) {
  if (connected()) return send_directed(std::move(message), std::move(reply));
  // For so long that what waits now would wait in vain, most likely.
  if (state_ == State::kDegraded && Clock::now() - alone_since_ > OutageQueue::kMaxAge) {
    ++shared_.dropped;
    return reply(RouteOutcome::kUnavailable);
  }
  auto shared = std::make_shared<std::pair<Directed, ReplyTo<RouteOutcome>>>(std::move(message),
                                                                             std::move(reply));
  OutageQueue::Waiting waiting{
      shared->first.text.size() + 256,
      [this, shared] { send_directed(std::move(shared->first), std::move(shared->second)); },
      [this, shared] {
        ++shared_.dropped;
        shared->second(RouteOutcome::kUnavailable);
      },
      shared->first.since};
  if (!outage_.push(waiting)) return waiting.give_up();
  expire_waiting();
}

void ClusterNode::expire_waiting() {
  constexpr std::chrono::milliseconds kGrain{50};
  outage_.expire(loop_.now());
  outcomes_.expire(loop_.now());
  if ((outage_.size() == 0 && outcomes_.empty()) || expiry_scheduled_) return;
  expiry_scheduled_ = true;
  loop_.run_at(Clock::now() + kGrain, [this] {
    expiry_scheduled_ = false;
    expire_waiting();
  });
}

void ClusterNode::send_directed(Directed message, ReplyTo<RouteOutcome> reply) {
  const Time since = message.since;
  send_numbered(outcomes_.add(std::move(reply), since), std::move(message));
  expire_waiting();
}

void ClusterNode::send_numbered(std::uint64_t number, Directed message) {
  if (message.to_alias) {
    if (link_.is_giving_up()) return drop(number);
    publish_directed_to_guide(message, false);
    return outcomes_.settle(number, RouteOutcome::kDelivered);
  }
  if (link_.is_giving_up()) return keep_for_next_link(number, std::move(message));
  if (!seeks_.empty() && seeks_.contains(message.to)) {
    return hold_back(number, std::move(message), {});
  }
  if (const auto known = routes_.find(message.to); known != routes_.end()) {
    outcomes_.note_way(number, Outcomes::Way::kOneNode);
    return publish_directed(number, known->second, std::move(message));
  }
  if (const auto moved = moved_.find(message.to); moved != moved_.end()) {
    const std::string old = std::move(moved->second);
    moved_.erase(moved);
    return hold_back(number, std::move(message), old);
  }
  ask_where(number, std::move(message));
}

void ClusterNode::publish_directed(std::uint64_t number,
                                   const std::shared_ptr<const std::string>& node,
                                   Directed message) {
  const std::string channel = options_.node_channel(*node);
  const std::string envelope = directed_envelope(number, true, message);
  if (foreign_listeners_) publish_directed_to_guide(message, true);
  link_.publish(channel, envelope,
                [this, number, node,
                 message = std::make_shared<Directed>(std::move(message))](const Reply* answer) {
                  if (answer == nullptr || answer->is_error()) {
                    return not_done(number, *message, answer);
                  }
                  if (answer->integer() > 0) return has_overtaken(message->to, number);
                  wait_for(number, *message, *node);
                });
}

void ClusterNode::publish_to_guide(std::string_view name, std::string_view json, bool counts) {
  const std::string channel = options_.guide_channel(name);
  link_.publish(channel, json, [this, counts](const Reply* reply) {
    if (counts && (reply == nullptr || reply->is_error())) ++shared_.dropped;
  });
}

// `routed`: it goes to our nodes otherwise, and is counted there.
void ClusterNode::publish_directed_to_guide(const Directed& message, bool routed) {
  if (!options_.legacy_channels) return;
  const bool relay = message.text.starts_with(R"({"type":"relay")");
  const Fields namespaces = unpack(message.namespaces).value_or(Fields());
  publish_to_guide(relay ? "relay" : "signal",
                   render_guide_message(message.text, node_, options_.db, namespaces, routed),
                   !routed);
}

// For a message that came by a known route, to a peer that is elsewhere by now.
void ClusterNode::pass_on(const Directed& message, std::string_view origin, std::string_view number,
                          const std::string& envelope) {
  const std::string to = to_hex(message.to);
  link_.run(
      Script::kRoute, {to, envelope, "0"},
      [this, message, origin = std::string(origin),
       number = std::string(number)](const Reply* reply) {
        if (reply == nullptr || reply->is_error()) {
          ++shared_.dropped;
          return;
        }
        if ((*reply)[0].text() == "foreign") publish_directed_to_guide(message, false);
        if ((*reply)[0].text() == "none") answer_origin(origin, number, RouteOutcome::kNotFound);
      },
      Link::Kind::kMessage);
}

void ClusterNode::answer_origin(std::string_view node, std::string_view number,
                                RouteOutcome outcome) {
  const std::string envelope = pack({"A", number, outcome_code(outcome)});
  const std::string channel = options_.node_channel(node);
  link_.publish(channel, envelope, [](const Reply*) {});
}

bool ClusterNode::take_outcome(const Fields& fields) {
  if (fields.size() != 3) return false;
  const auto number = to_number<std::uint64_t>(fields[1]);
  if (!number) return false;
  for (const RouteOutcome outcome : {RouteOutcome::kDelivered, RouteOutcome::kDropped,
                                     RouteOutcome::kNotFound, RouteOutcome::kForbidden}) {
    if (fields[2] == outcome_code(outcome)) outcomes_.hear(*number, outcome);
  }
  return true;
}

/// The way to Redis is full or has failed.
void ClusterNode::drop(std::uint64_t number) {
  ++shared_.dropped;
  outcomes_.settle(number, RouteOutcome::kUnavailable);
}

void ClusterNode::broadcast(const Broadcast& message) {
  if (!connected() || link_.is_giving_up()) {
    ++shared_.dropped;
    return;
  }
  has_overtaken_all_of(message.from);
  std::string excluded;
  for (const Fingerprint& peer : message.exclude) append_field(excluded, to_hex(peer));
  const std::string envelope =
      pack({"E", message.ns, to_hex(message.from), excluded, message.text});
  link_.run(
      Script::kBroadcast, {message.ns, envelope},
      [this](const Reply* absent) {
        const bool failed = absent == nullptr || absent->is_error();
        if (failed || absent->integer() > 0) ++shared_.dropped;
      },
      Link::Kind::kMessage);
  if (!foreign_listeners_) return;
  const std::string_view ns = message.ns;
  publish_to_guide("broadcast",
                   render_guide_message(message.text, node_, options_.db, {&ns, 1}, true), false);
}

}  // namespace peer_redis
