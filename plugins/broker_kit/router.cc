#include "plugins/broker_kit/router.h"

#include <chrono>
#include <cstdint>
#include <ratio>
#include <utility>

// In come messages of peers here (route) and, from other nodes, outcomes and news of routes. Out go
// envelopes, by the transport, and outcomes to the senders. All of it on the loop's thread.
//
// Each message has a number, by which its sender is told once. While this node is not connected a
// message waits in outage_. Otherwise it goes by a known route (publish). Without a route the
// nodes' store is asked (ask_where). It waits too while earlier messages for the peer wait, or when
// the peer has just moved (hold_back), and when the link is about to end (keep_for_next_time). An
// alias that nobody of ours holds goes to nodes of another kind. What waits is in router_seek.cc.
namespace peer_broker_kit {

using peer::sdk::RouteOutcome;

Router::Router(EventLoop& loop, std::string self, std::chrono::milliseconds lease, NodeState& state,
               SharedState& shared, Transport& transport)
    : loop_(loop),
      self_(std::move(self)),
      lease_(lease),
      state_(state),
      shared_(shared),
      transport_(transport),
      outage_(shared) {}

void Router::route(Directed message, Reply reply) {
  if (state_.is_connected()) return send(std::move(message), std::move(reply));
  // For so long that what waits now would wait in vain, most likely.
  if (state_.is_degraded() && Clock::now() - state_.alone_since() > OutageQueue::kMaxAge) {
    ++shared_.dropped;
    return reply(RouteOutcome::kUnavailable);
  }
  // Two functions own the message: one sends it, and one gives it up. Only one of them is called.
  auto shared = std::make_shared<std::pair<Directed, Reply>>(std::move(message), std::move(reply));
  OutageQueue::Waiting waiting{
      shared->first.text.size() + 256,
      [this, shared] { send(std::move(shared->first), std::move(shared->second)); },
      [this, shared] {
        ++shared_.dropped;
        shared->second(RouteOutcome::kUnavailable);
      },
      shared->first.since};
  if (!outage_.push(waiting)) return waiting.give_up();
  expire_waiting();
}

// All routers of a node look at the same times: so the loop is woken once for all of them.
void Router::expire_waiting() {
  using Grain = std::chrono::duration<std::int64_t, std::ratio<1, 20>>;
  outage_.expire(loop_.now());
  outcomes_.expire(loop_.now());
  if ((outage_.size() == 0 && outcomes_.empty()) || expiry_scheduled_) return;
  expiry_scheduled_ = true;
  const Time next(std::chrono::floor<Grain>(loop_.now().time_since_epoch()) + Grain(1));
  loop_.run_at(next, [this] {
    expiry_scheduled_ = false;
    expire_waiting();
  });
}

void Router::tidy(Time now) {
  outcomes_.expire(now);
  forget_sent(now);
  move_lines();
  std::erase_if(absent_, [&](const auto& node) { return now - node.second > lease_; });
}

void Router::send(Directed message, Reply reply) {
  const Time since = message.since;
  send_numbered(outcomes_.add(std::move(reply), since), std::move(message));
  expire_waiting();
}

void Router::send_numbered(std::uint64_t number, Directed message) {
  // Nodes of another kind answer nothing, so publishing is all that can be known.
  if (message.to_alias) {
    if (transport_.is_giving_up()) return drop(number);
    transport_.publish_to_strangers(message, false);
    return outcomes_.settle(number, RouteOutcome::kDelivered);
  }
  if (transport_.is_giving_up()) return keep_for_next_time(number, std::move(message));
  if (is_in_line(message.from)) {
    const Fingerprint sender = message.from;
    const std::size_t size = message.text.size() + 256;
    return stand_in_line(sender, {std::move(message), number, size, {}, {}});
  }
  // Earlier messages for the peer wait, and this one must not overtake them.
  if (!seeks_.empty() && seeks_.contains(message.to)) {
    return hold_back(number, std::move(message), {});
  }
  if (const auto known = routes_.find(message.to); known != routes_.end()) {
    outcomes_.note_way(number, Outcomes::Way::kOneNode);
    return publish(number, known->second, std::move(message));
  }
  if (const auto moved = moved_.find(message.to); moved != moved_.end()) {
    // The route has just changed: what was sent by the old one may still be on its way.
    const std::string old = std::move(moved->second);
    moved_.erase(moved);
    return hold_back(number, std::move(message), old);
  }
  ask_where(number, std::move(message));
}

void Router::publish(std::uint64_t number, const std::shared_ptr<const std::string>& node,
                     Directed message) {
  const std::string text = directed_envelope(self_, number, true, message);
  note_sent(message.from, message.to, node);
  if (transport_.has_strangers()) transport_.publish_to_strangers(message, true);
  transport_.publish(*node, text,
                     {this,
                      &Router::after_publishing,
                      {},
                      number,
                      node,
                      std::make_shared<Directed>(std::move(message))});
}

void Router::after_publishing(const Errand& errand, const Answer& answer) {
  if (answer.fate != Answer::Fate::kDone) {
    return not_done(errand.number, *errand.message, answer.fate);
  }
  if (answer.listeners > 0) return has_overtaken(errand.message->to, errand.number);
  wait_for(errand.number, *errand.message, *errand.node);
}

void Router::take_delivered(const DirectedEnvelope& message, RouteOutcome outcome) {
  if (outcome == RouteOutcome::kNotFound && message.by_known_route) {
    // The sender's node forgets its route. The message itself goes on from here.
    transport_.tell(message.origin, envelope('F', {to_hex(message.to), self_}));
    pass_on(message);
    // A node that was asked among all does not say "not found": another one may have the peer.
  } else if (outcome == RouteOutcome::kNotFound
                 ? !message.is_passed_on
                 : message.wants_outcome || outcome == RouteOutcome::kForbidden) {
    answer_origin(message.origin, message.number, outcome);
  }
}

// For a message that came by a known route, to a peer that is elsewhere by now.
void Router::pass_on(const DirectedEnvelope& message) {
  Directed copy{message.from, message.to, std::string(message.namespaces),
                std::string(message.text)};
  transport_.find(message.to, passed_on(message), false,
                  {this,
                   &Router::after_passing_on,
                   {},
                   to_number<std::uint64_t>(message.number).value_or(0),
                   std::make_shared<const std::string>(message.origin),
                   std::make_shared<Directed>(std::move(copy))});
}

void Router::after_passing_on(const Errand& errand, const Answer& answer) {
  if (answer.fate != Answer::Fate::kDone) {
    ++shared_.dropped;
  } else if (answer.verdict == Answer::Verdict::kStrangers) {
    transport_.publish_to_strangers(*errand.message, false);
  } else if (answer.verdict == Answer::Verdict::kNowhere) {
    answer_origin(*errand.node, std::to_string(errand.number), RouteOutcome::kNotFound);
  }
}

void Router::answer_origin(std::string_view node, std::string_view number, RouteOutcome outcome) {
  transport_.tell(node, envelope('A', {number, outcome_code(outcome)}));
}

bool Router::take_outcome(const Fields& fields) {
  const auto number = fields.size() >= 3 ? to_number<std::uint64_t>(fields[1]) : std::nullopt;
  if (!number) return false;
  if (const auto outcome = read_outcome(fields[2])) outcomes_.hear(*number, *outcome);
  return true;
}

// The way to other nodes is full or has failed.
void Router::drop(std::uint64_t number) {
  ++shared_.dropped;
  outcomes_.settle(number, RouteOutcome::kUnavailable);
}

}  // namespace peer_broker_kit
