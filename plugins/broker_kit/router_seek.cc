#include <utility>

#include "plugins/broker_kit/router.h"

// Which node has a peer is asked of what the nodes share, in a step that passes the message on by
// the way; what follows goes by the route that has been found. The transport keeps the order, so
// nothing overtakes.
//
// The messages for a peer wait here when its route was wrong, or when nobody listens to the channel
// of its node, which may be building its link anew. First the old node says that what it was sent
// has arrived; after kPatience without an answer that counts as lost. Then the first message is
// tried, again and again, until the node is back or kPatience is over: the peer is not found then.
namespace peer_broker_kit {

using peer::sdk::RouteOutcome;

namespace {

constexpr std::size_t kMaxRoutes = 200'000;
/// So long is a node waited for that listens to nobody, before its peers are "not found".
constexpr std::chrono::milliseconds kPatience{500};
/// And so long when this node was cut off, too: then a message is dropped silently.
constexpr std::chrono::seconds kPatienceAfterOutage{2};
constexpr std::chrono::milliseconds kPause{25};
/// Numbers of await_arrival(), which no message has.
constexpr std::uint64_t kFirstAwaited = std::uint64_t{1} << 63;

std::size_t size_of(const Directed& message) { return message.text.size() + 256; }

}  // namespace

void Router::ask_where(std::uint64_t number, Directed message) {
  const Fingerprint to = message.to;
  const std::string text = directed_envelope(self_, number, false, message);
  transport_.find(to, text, true,
                  {this,
                   &Router::after_asking,
                   {},
                   number,
                   nullptr,
                   std::make_shared<Directed>(std::move(message))});
}

void Router::after_asking(const Errand& errand, const Answer& answer) {
  const Directed& message = *errand.message;
  if (answer.fate != Answer::Fate::kDone) return not_done(errand.number, message, answer.fate);
  if (answer.verdict == Answer::Verdict::kAbsent) {
    return wait_for(errand.number, message, answer.node);
  }
  take_route(errand.number, message, answer);
}

void Router::take_route(std::uint64_t number, const Directed& message, const Answer& answer) {
  switch (answer.verdict) {
    case Answer::Verdict::kSent:
      has_overtaken(message.to, number);
      outcomes_.note_way(number, Outcomes::Way::kOneNode);
      if (transport_.has_strangers()) transport_.publish_to_strangers(message, true);
      // Other messages for the peer still wait. A route now would let the next one pass them.
      if (seeks_.contains(message.to)) return;
      // Any one will do: a route that is missing costs one look-up.
      if (routes_.size() >= kMaxRoutes) routes_.erase(routes_.begin());
      routes_.insert_or_assign(message.to, std::make_shared<const std::string>(answer.node));
      absent_.erase(std::string(answer.node));
      return;
    case Answer::Verdict::kStrangers:
      transport_.heard_of_strangers();
      transport_.publish_to_strangers(message, false);
      return outcomes_.settle(number, RouteOutcome::kDelivered);
    case Answer::Verdict::kUnsettled:  // to all nodes: nobody knows yet who has it
      return outcomes_.note_way(number, Outcomes::Way::kAllNodes);
    case Answer::Verdict::kAbsent:  // told to the patient only, who wait
    case Answer::Verdict::kNowhere:
      return outcomes_.settle(number, RouteOutcome::kNotFound);
  }
}

// The message did not reach `node`, which had its target.
void Router::wait_for(std::uint64_t number, const Directed& message, std::string_view node) {
  const auto route = routes_.find(message.to);
  if (route != routes_.end() && *route->second == node) routes_.erase(route);
  absent_.try_emplace(std::string(node), Clock::now());
  hold_back(number, message, node);
}

// `node`: the last that had its target, to which messages may be on their way.
void Router::hold_back(std::uint64_t number, Directed message, std::string_view node) {
  if (transport_.is_giving_up()) return keep_for_next_time(number, std::move(message));
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
void Router::ask_whether_arrived(const Fingerprint& peer, std::uint64_t id, std::string_view node) {
  transport_.publish(node, envelope('B', {self_, to_hex(peer), std::to_string(id)}),
                     {this, &Router::after_arrival_request, peer, id, nullptr, nullptr});
}

void Router::after_arrival_request(const Errand& errand, const Answer& answer) {
  const Fingerprint peer = errand.peer;
  const std::uint64_t id = errand.number;
  if (answer.fate == Answer::Fate::kRefused) return;  // the message waits for the next time
  if (answer.fate != Answer::Fate::kDone) return drop_seek(peer, id);
  if (answer.listeners == 0) return ask_again(peer, id);
  // The old node may never answer. ask_again() does nothing if it has by then.
  loop_.run_at(Clock::now() + kPatience, [this, peer, id] { ask_again(peer, id); });
}

bool Router::take_arrival_request(const Fields& fields) {
  if (fields.size() < 4 || fields[1].size() > 64 || fields[2].size() != 64) return false;
  if (fields[3].size() > 20) return false;
  // Behind what has been passed on, in the transport's order.
  transport_.tell(fields[1], envelope('C', {fields[2], fields[3]}));
  return true;
}

bool Router::take_arrival(const Fields& fields) {
  const auto peer = fields.size() >= 3 ? from_hex(fields[1]) : std::nullopt;
  const auto id = peer ? to_number<std::uint64_t>(fields[2]) : std::nullopt;
  if (id && *id >= kFirstAwaited) {
    has_arrived(*id);
  } else if (id) {
    ask_again(*peer, *id);
  }
  return id.has_value();
}

void Router::await_arrival(const Fingerprint& peer, std::string_view node, Task then) {
  const auto moved = moved_.find(peer);
  const auto route = routes_.find(peer);
  std::string before;
  if (moved != moved_.end()) {
    before = moved->second;
  } else if (route != routes_.end()) {
    before = *route->second;
  }
  if (before.empty() || before == node) return then();
  ask_for_arrival(peer, before, std::move(then));
}

void Router::ask_for_arrival(const Fingerprint& peer, std::string_view node, Task then) {
  const std::uint64_t number = kFirstAwaited + ++last_awaited_;
  awaited_.emplace(number, Awaited{std::move(then)});
  transport_.publish(node, envelope('B', {self_, to_hex(peer), std::to_string(number)}),
                     {this, &Router::after_asking_for_arrival, peer, number, nullptr, nullptr});
}

void Router::after_asking_for_arrival(const Errand& errand, const Answer& answer) {
  const std::uint64_t number = errand.number;
  if (answer.fate != Answer::Fate::kDone || answer.listeners == 0) return has_arrived(number);
  const auto awaited = awaited_.find(number);
  if (awaited == awaited_.end()) return;
  awaited->second.timeout =
      loop_.run_at(Clock::now() + kPatience, [this, number] { has_arrived(number); });
}

void Router::has_arrived(std::uint64_t number) {
  const auto awaited = awaited_.find(number);
  if (awaited == awaited_.end()) return;
  const Task then = std::move(awaited->second.then);
  loop_.cancel(awaited->second.timeout);
  awaited_.erase(awaited);
  then();
}

Router::Seek* Router::find_seek(const Fingerprint& peer, std::uint64_t id) {
  const auto found = seeks_.find(peer);
  return found != seeks_.end() && found->second.id == id ? &found->second : nullptr;
}

void Router::ask_again(const Fingerprint& peer, std::uint64_t id) {
  Seek* seek = find_seek(peer, id);
  if (seek == nullptr || seek->under_way || transport_.is_giving_up()) return;
  // The numbers rise with time, so the first of the map is the oldest message.
  const auto& [number, message] = *seek->waiting.begin();
  seek->under_way = number;
  const std::string text = directed_envelope(self_, number, false, message);
  transport_.find(peer, text, seek->patient,
                  {this, &Router::after_asking_again, peer, id, nullptr, nullptr});
}

void Router::after_asking_again(const Errand& errand, const Answer& answer) {
  const Fingerprint peer = errand.peer;
  const std::uint64_t id = errand.number;
  if (answer.fate == Answer::Fate::kNoAnswer) return drop_seek(peer, id);
  if (find_seek(peer, id) == nullptr) return;
  answer.fate == Answer::Fate::kDone ? take_sought_route(peer, id, answer)
                                     : take_seek_error(peer, id, answer.fate);
}

void Router::take_sought_route(const Fingerprint& peer, std::uint64_t id, const Answer& answer) {
  Seek& seek = seeks_.at(peer);
  const std::uint64_t asked = *std::exchange(seek.under_way, std::nullopt);
  if (answer.verdict == Answer::Verdict::kAbsent) {
    const Time now = Clock::now();
    const Time since = absent_.try_emplace(std::string(answer.node), now).first->second;
    // Redis was away from this node, so maybe from the other one as well: it gets more time.
    const bool after_outage = now - up_since_ < lease_ / 2;
    if (after_outage && now - since >= kPatienceAfterOutage) return drop_seek(peer, id);
    seek.patient = after_outage || now - since < kPatience;
    if (!seek.patient) return ask_again(peer, id);
    loop_.run_at(Clock::now() + kPause, [this, peer, id] { ask_again(peer, id); });
    return;
  }
  auto waiting = std::move(seek.waiting);
  // Before the others are sent: send_numbered() would only put them back.
  seeks_.erase(peer);
  for (auto& [number, message] : waiting) {
    held_bytes_ -= size_of(message);
    if (number == asked) {
      take_route(number, message, answer);
    } else {
      send_numbered(number, std::move(message));
    }
  }
}

// It did not begin, or nobody knows how far it got.
void Router::take_seek_error(const Fingerprint& peer, std::uint64_t id, Answer::Fate fate) {
  const std::uint64_t asked = *std::exchange(seeks_.at(peer).under_way, std::nullopt);
  if (fate == Answer::Fate::kRefused) return;  // the message waits for the next time
  drop_held(seeks_.find(peer), [asked](const auto& held) { return held.first == asked; });
  ask_again(peer, id);
}

// It did not get to any node, or may not have.
void Router::not_done(std::uint64_t number, const Directed& message, Answer::Fate fate) {
  if (fate != Answer::Fate::kRefused) return drop(number);
  keep_for_next_time(number, message);
}

// While the transport gives up. Those for one peer wait in their order, and went_down() takes them
// to the outage queue.
void Router::keep_for_next_time(std::uint64_t number, Directed message) {
  if (held_bytes_ > kMaxHeldBytes) return drop(number);
  held_bytes_ += size_of(message);
  Seek& seek = seeks_[message.to];
  seek.waiting.emplace(number, std::move(message));
}

template <typename Predicate>
void Router::drop_held(Seeks::iterator seek, Predicate is_it) {
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

// The way to other nodes is full, or has failed.
void Router::drop_seek(const Fingerprint& peer, std::uint64_t id) {
  if (find_seek(peer, id) == nullptr) return;
  drop_held(seeks_.find(peer), [](const auto&) { return true; });
}

// A later message for the peer has arrived.
void Router::has_overtaken(const Fingerprint& peer, std::uint64_t number) {
  if (seeks_.empty()) return;
  const auto seek = seeks_.find(peer);
  if (seek == seeks_.end()) return;
  drop_held(seek, [number](const auto& held) { return held.first < number; });
}

void Router::peer_is_at(const Fingerprint& peer, std::string_view node) {
  const auto route = routes_.find(peer);
  if (route == routes_.end() || *route->second == node) return;
  leave_route(peer, std::string(*route->second));
}

bool Router::take_moved(const Fields& fields) {
  const auto peer = fields.size() >= 3 ? from_hex(fields[1]) : std::nullopt;
  if (peer) leave_route(*peer, fields[2]);
  return peer.has_value();
}

// The peer is not with that node any more. What has been sent there may be on its way still.
void Router::leave_route(const Fingerprint& peer, std::string_view node) {
  const auto route = routes_.find(peer);
  if (route == routes_.end() || *route->second != node) return;
  if (moved_.size() >= kMaxRoutes) moved_.erase(moved_.begin());
  moved_.insert_or_assign(peer, *route->second);
  routes_.erase(route);
}

// What has not been sent waits for the next time; of what has, nobody knows.
void Router::went_down() {
  routes_.clear();
  sent_.clear();
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
  break_lines();
}

}  // namespace peer_broker_kit
