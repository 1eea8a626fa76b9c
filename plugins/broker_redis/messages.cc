#include "cluster_node.h"
#include "guide_messages.h"

// A directed message goes to the channel of the node that has its target: known from the cache, or
// found by a script. A node that does not have the target any more passes it on the long way and
// tells the sender's node. Who has sent is told of errors, and of success if it wants to know.

namespace peer_redis {

using peer::sdk::RouteOutcome;

namespace {

constexpr std::size_t kMaxRoutes = 200'000;
constexpr std::size_t kMaxOutcomes = 65'536;
constexpr std::chrono::milliseconds kOutcomeDeadline{2000};

/// Of a directed message's envelope.
std::string flags_of(bool wants_outcome, bool cached) {
  return std::string(wants_outcome ? "w" : "") + (cached ? "c" : "");
}

std::string directed_envelope(std::string_view node, std::uint64_t number, std::string_view flags,
                              const ClusterNode::Directed& message) {
  std::string namespaces;
  for (const std::string& ns : message.namespaces) append_field(namespaces, ns);
  return pack({"S", node, std::to_string(number), flags, to_hex(message.from), to_hex(message.to),
               namespaces, message.text});
}

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

void ClusterNode::route(Directed message, ReplyTo<RouteOutcome> reply) {
  if (connected()) return send_directed(std::move(message), std::move(reply));
  auto shared = std::make_shared<std::pair<Directed, ReplyTo<RouteOutcome>>>(std::move(message),
                                                                             std::move(reply));
  OutageQueue::Waiting waiting{
      shared->first.text.size() + 256,
      [this, shared] { send_directed(std::move(shared->first), std::move(shared->second)); },
      [this, shared] {
        ++shared_.dropped;
        shared->second(RouteOutcome::kUnavailable);
      },
      Clock::now()};
  if (!outage_.push(waiting)) return waiting.give_up();
  expire_waiting();
}

void ClusterNode::expire_waiting() {
  outage_.expire(Clock::now());
  if (outage_.size() == 0 || expiry_scheduled_) return;
  expiry_scheduled_ = true;
  loop_.run_at(Clock::now() + OutageQueue::kMaxAge / 10, [this] {
    expiry_scheduled_ = false;
    expire_waiting();
  });
}

void ClusterNode::send_directed(Directed message, ReplyTo<RouteOutcome> reply) {
  const std::uint64_t number = ++next_number_;
  outcomes_.emplace(number, Outcome{std::move(reply), Clock::now()});
  outcome_order_.push_back(number);
  expire_outcomes(Clock::now());

  const auto cached = routes_.find(message.to);
  const std::string envelope = directed_envelope(
      node_, number, flags_of(message.wants_outcome, cached != routes_.end()), message);
  if (cached == routes_.end()) {
    return send_the_long_way(number, std::make_shared<const Directed>(std::move(message)),
                             envelope);
  }
  const std::string channel = options_.node_channel(cached->second);
  link_.publish(
      channel, envelope,
      [this, number,
       message = std::make_shared<const Directed>(std::move(message))](const Reply* answer) {
        if (answer == nullptr) return drop(number);
        if (answer->integer() > 0) return;
        routes_.erase(message->to);  // that node is no more
        send_the_long_way(
            number, message,
            directed_envelope(node_, number, flags_of(message->wants_outcome, false), *message));
      });
}

void ClusterNode::send_the_long_way(std::uint64_t number, std::shared_ptr<const Directed> message,
                                    const std::string& envelope) {
  const std::string to = to_hex(message->to);
  link_.run(
      Script::kRoute, {to, envelope},
      [this, number, message = std::move(message)](const Reply* reply) {
        take_route(number, *message, reply);
      },
      Link::Kind::kMessage);
}

void ClusterNode::take_route(std::uint64_t number, const Directed& message, const Reply* reply) {
  if (reply == nullptr || reply->is_error()) return drop(number);
  const std::string_view verdict = (*reply)[0].text();
  if (verdict == "sent") {
    if (routes_.size() >= kMaxRoutes) routes_.erase(routes_.begin());
    routes_.insert_or_assign(message.to, std::string((*reply)[1].text()));
  } else if (verdict == "none") {
    settle(number, RouteOutcome::kNotFound);
  } else if (verdict == "foreign") {
    foreign_listeners_ = options_.legacy_channels;
    publish_directed_to_guide(message);
    settle(number, RouteOutcome::kDelivered);
  } else if (const auto outcome = outcomes_.find(number); outcome != outcomes_.end()) {
    outcome->second.flooded = true;
  }
}

void ClusterNode::publish_to_guide(std::string_view name, std::string_view json) {
  const std::string channel = options_.guide_channel(name);
  link_.publish(channel, json, [](const Reply*) {});
}

void ClusterNode::publish_directed_to_guide(const Directed& message) {
  if (!options_.legacy_channels) return;
  const bool relay = message.text.starts_with(R"({"type":"relay")");
  const std::vector<std::string_view> namespaces(message.namespaces.begin(),
                                                 message.namespaces.end());
  publish_to_guide(relay ? "relay" : "signal",
                   render_guide_message(message.text, node_, namespaces));
}

// For a message that came by a cached route, to a peer that is elsewhere by now.
void ClusterNode::pass_on(const Fingerprint& to, std::string_view origin, std::string_view number,
                          const std::string& envelope) {
  link_.run(
      Script::kRoute, {to_hex(to), envelope},
      [this, origin = std::string(origin), number = std::string(number)](const Reply* reply) {
        if (reply == nullptr || (*reply)[0].text() == "sent") return;
        answer_origin(origin, number, RouteOutcome::kNotFound);
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
    if (fields[2] == outcome_code(outcome)) settle(*number, outcome);
  }
  return true;
}

void ClusterNode::settle(std::uint64_t number, RouteOutcome outcome) {
  const auto found = outcomes_.find(number);
  if (found == outcomes_.end()) return;
  // One of the nodes that were asked does not have it: another may.
  if (found->second.flooded && outcome == RouteOutcome::kNotFound) return;
  const auto reply = std::move(found->second.reply);
  outcomes_.erase(found);
  reply(outcome);
}

/// The way to Redis is full or has failed.
void ClusterNode::drop(std::uint64_t number) {
  ++shared_.dropped;
  settle(number, RouteOutcome::kUnavailable);
}

void ClusterNode::expire_outcomes(Time now) {
  while (!outcome_order_.empty()) {
    const auto found = outcomes_.find(outcome_order_.front());
    if (found != outcomes_.end() && outcomes_.size() <= kMaxOutcomes &&
        now - found->second.sent < kOutcomeDeadline) {
      return;
    }
    if (found != outcomes_.end()) settle(outcome_order_.front(), RouteOutcome::kUnavailable);
    outcome_order_.pop_front();
  }
}

void ClusterNode::broadcast(const Broadcast& message) {
  if (!connected()) {
    ++shared_.dropped;
    return;
  }
  std::string excluded;
  for (const Fingerprint& peer : message.exclude) append_field(excluded, to_hex(peer));
  const std::string envelope =
      pack({"E", message.ns, to_hex(message.from), excluded, message.text});
  link_.run(
      Script::kBroadcast, {message.ns, envelope},
      [this](const Reply* reply) {
        if (reply == nullptr) ++shared_.dropped;
      },
      Link::Kind::kMessage);
  if (!foreign_listeners_) return;
  const std::string_view ns = message.ns;
  publish_to_guide("broadcast", render_guide_message(message.text, node_, {&ns, 1}));
}

}  // namespace peer_redis
