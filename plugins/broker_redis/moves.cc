#include "moves.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "part_choice.h"

// What comes to this node, and what goes ahead of a move. In come the steps of the core, and, from
// each part, that its stream has reached the place at which a registration has gone over. Out go
// the scripts of each part. The streams of the parts do not wait for each other: two sessions may
// have their places in another order in each. So between the first place of a session and its last
// one each of its memberships goes over by itself, at the place of its own part
// (BrokerHost::member_moved()). What goes away from here is in moves_going.cc.
namespace peer_redis {

using peer::sdk::ParkedSession;
using peer::sdk::TakeOutcome;
using peer::sdk::TakeStatus;

namespace {

/// Below the core's patience, which is 2 s, together with the answers of the parts.
constexpr std::chrono::milliseconds kMostForOwn{1'000};
constexpr std::chrono::milliseconds kMostForOthers{1'000};
constexpr std::chrono::milliseconds kMostForTaking{1'800};
constexpr std::chrono::milliseconds kPauseForTurns{2};

/// Answers when all have answered: whether each of them has said yes.
struct All {
  std::size_t missing = 0;
  bool good = true;
  ReplyTo<bool> reply;

  static ReplyTo<bool> of(std::size_t count, const ReplyTo<bool>& reply) {
    const auto all = std::make_shared<All>(All{count, true, reply});
    return [all](bool yes) {
      all->good = all->good && yes;
      if (--all->missing == 0) all->reply(all->good);
    };
  }
};

}  // namespace

struct Moves::Taking {
  Sessions::Take what;
  ReplyTo<TakeOutcome> reply;  ///< null: it has been given
  Time until;                  ///< the core waits little longer
  TakeOutcome outcome{};
  std::set<std::size_t> parts{};  ///< with copies
  std::size_t missing = 0;        ///< parts whose place has not been reached
  EventLoop::TimerId timeout{};
  bool is_known = true;

  [[nodiscard]] Registered peer() const { return {what.what.peer.peer, what.what.number}; }
};

struct Moves::Patience {
  Time until;
  Turns::Place turn = 0;
  std::vector<Router::Place> held{};  ///< of each part, when nothing up to `turn` waited any more
  bool turn_is_over = false;
};

std::size_t Moves::home_of(const Fingerprint& peer) const {
  return part_of_peer(peer, parts_.size());
}

std::set<std::size_t> Moves::read_parts(std::string_view text) const {
  std::set<std::size_t> found;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    std::size_t part = parts_.size();
    std::from_chars(one.data(), one.data() + one.size(), part);
    if (part < parts_.size()) found.insert(part);
    text.remove_prefix(std::min(text.size(), one.size() + 1));
  }
  return found;
}

bool Moves::reaches_all_of(const Fingerprint& peer) const {
  std::set<std::size_t> all = copies_.all_of(peer);
  all.insert(home_of(peer));
  return std::all_of(all.begin(), all.end(),
                     [this](std::size_t part) { return parts_[part]->is_connected(); });
}

void Moves::set_tokens(const Registered& peer, const std::string& tokens,
                       const ReplyTo<bool>& reply) {
  if (parts_.size() == 1) return only().set_tokens(peer, tokens, reply);
  if (!mirror_.is_live(peer)) return reply(false);
  const std::string before = std::exchange(mirror_.find(peer.peer)->tokens, tokens);
  std::vector<std::size_t> concerned;
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    const bool is_concerned = !tokens_in(tokens, part, parts_.size()).empty() ||
                              !tokens_in(before, part, parts_.size()).empty();
    if (is_concerned) concerned.push_back(part);
  }
  const ReplyTo<bool> each = All::of(concerned.size() + 1, reply);
  for (const std::size_t part : concerned) {
    parts_[part]->sessions().set_tokens(peer, tokens_in(tokens, part, parts_.size()), each);
  }
  // By now these parts are among them.
  Sessions& home = parts_[home_of(peer.peer)]->sessions();
  home.is_connected() ? home.note_copies(peer, copies_.text(peer.peer), each) : each(false);
}

Moves::Patience Moves::patience(std::chrono::milliseconds most) const {
  return {Clock::now() + most, turns_.last_waiting()};
}

// What had to wait for its turn has its place in a router only since then.
void Moves::note_turns(Patience& patience) const {
  if (patience.turn_is_over) return;
  patience.turn_is_over = !turns_.holds(patience.turn);
  patience.held.clear();
  for (const auto& part : parts_) patience.held.push_back(part->router().last_held());
}

bool Moves::holds_broadcasts(const Patience& patience) const {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i]->router().holds_broadcasts(patience.held[i])) return true;
  }
  return turns_.holds_broadcasts(patience.turn);
}

void Moves::await_turns(const Fingerprint& peer, const Patience& patience,
                        const ReplyTo<bool>& then) {
  if (!turns_.holds_broadcasts(patience.turn) && !turns_.holds_back(peer)) return then(true);
  if (Clock::now() >= patience.until) return then(false);
  loop_.run_at(Clock::now() + kPauseForTurns,
               [this, peer, patience, then] { await_turns(peer, patience, then); });
}

// What has its turn behind something else goes out first, then each part sends what waits for a
// route. Behind that each part is asked whether it has done all: what the members here have done is
// told before the step that follows.
void Moves::await_sent(const Fingerprint& peer, const ReplyTo<bool>& reply) {
  if (parts_.size() == 1) return only().await_sent(peer, reply);
  const Mirror::Peer* entry = mirror_.find(peer);
  if (entry != nullptr && !reaches_all_of(peer)) return reply(false);
  const Registered registered{peer, entry == nullptr ? 0 : entry->registration};
  await_turns(peer, patience(kMostForOwn), [this, registered, reply](bool sent) {
    sent ? await_routers(registered, reply) : reply(false);
  });
}

void Moves::await_routers(const Registered& peer, const ReplyTo<bool>& reply) {
  const ReplyTo<bool> each = All::of(parts_.size(), [this, peer, reply](bool sent) {
    if (!sent) return reply(false);
    if (!mirror_.is_live(peer)) return await_arrival(peer.peer, reply);
    const std::set<std::size_t> copied = copies_.all_of(peer.peer);
    const ReplyTo<bool> done = All::of(copied.size() + 1, [this, peer, reply](bool all_done) {
      all_done ? await_arrival(peer.peer, reply) : reply(false);
    });
    for (const std::size_t part : copied) parts_[part]->sessions().await_done(done);
    parts_[home_of(peer.peer)]->sessions().note_copies(peer, copies_.text(peer.peer), done);
  });
  for (const auto& part : parts_) part->sessions().await_sent(peer.peer, each);
}

// What it says at another node next may go by another part: so what it has said here must not be on
// its way any more.
void Moves::await_arrival(const Fingerprint& peer, const ReplyTo<bool>& reply) {
  const std::vector<std::size_t> ways = turns_.ways_of(peer);
  if (ways.empty()) return reply(true);
  const ReplyTo<bool> each = All::of(ways.size(), reply);
  for (const std::size_t part : ways) parts_[part]->confirm(peer, [each] { each(true); });
}

void Moves::take(const Sessions::Take& take, const ReplyTo<TakeOutcome>& reply) {
  if (parts_.size() == 1) return only().take(take, reply);
  take_when_clear(std::make_shared<Taking>(Taking{take, reply, Clock::now() + kMostForTaking}),
                  patience(kMostForOthers));
}

// As Sessions::take_when_clear(), in all parts.
void Moves::take_when_clear(const std::shared_ptr<Taking>& taking, Patience patience) {
  const Fingerprint& peer = taking->what.what.peer.peer;
  Part& home = *parts_[home_of(peer)];
  if (!home.is_connected()) return taking->reply(outcome_of(TakeStatus::kGone));
  note_turns(patience);
  const bool holds = holds_broadcasts(patience);
  const bool may_hold = holds || !patience.turn_is_over || home.router().holds_for(peer);
  if (Clock::now() < patience.until && may_hold) {
    loop_.run_at(Clock::now() + kPauseForTurns,
                 [this, taking, patience] { take_when_clear(taking, patience); });
    return;
  }
  if (holds) return taking->reply(outcome_of(TakeStatus::kGone));
  home.router().await_arrival(peer, taking->what.node, [this, taking] { take_home(taking); });
}

void Moves::take_home(const std::shared_ptr<Taking>& taking) {
  const std::size_t home = home_of(taking->what.what.peer.peer);
  if (!parts_[home]->is_connected()) return taking->reply(outcome_of(TakeStatus::kGone));
  std::string unreachable = ",";
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (!parts_[i]->is_connected()) unreachable += std::to_string(i) + ',';
  }
  parts_[home]->sessions().take_here(taking->what, std::nullopt, unreachable,
                                     [this, taking](const Sessions::Taken& taken) {
                                       if (taken.status != TakeStatus::kTaken)
                                         return taking->reply(outcome_of(taken.status));
                                       take_copies(taking, taken);
                                     });
}

// It is decided. The other parts follow, and each stream reaches its place when it does.
void Moves::take_copies(const std::shared_ptr<Taking>& taking, const Sessions::Taken& home) {
  const Registered peer = taking->peer();
  const std::size_t own = home_of(peer.peer);
  taking->parts = read_parts(home.copies);
  taking->parts.erase(own);
  // An older one here, of whose end nobody has told this node yet.
  if (const Mirror::Peer* old = mirror_.find(peer.peer)) {
    for (const std::size_t part : copies_.all_of(peer.peer)) {
      parts_[part]->peers().end({peer.peer, old->registration});
    }
  }
  if (!enter_taken(mirror_, taking->what, home, taking->outcome)) {
    parts_[own]->sessions().give_back(home);
    return taking->reply(outcome_of(TakeStatus::kGone));
  }
  forget(peer.peer);
  copies_.forget(peer.peer);
  for (const std::size_t part : taking->parts) copies_.note(peer.peer, part);
  taking->missing = taking->parts.size() + 1;
  for (const std::size_t part : taking->parts) {
    parts_[part]->sessions().take_here(
        taking->what, home.since_us, {},
        [this, taking, part](const Sessions::Taken& taken) { take_copy(taking, part, taken); });
  }
  // Who is not told in time goes on without it: then what came later would have nobody.
  taking->timeout = loop_.run_at(taking->until, [this, taking] {
    taking->is_known = false;
    finish(taking);
  });
  enter_part(taking, own, home);
}

void Moves::take_copy(const std::shared_ptr<Taking>& taking, std::size_t part,
                      const Sessions::Taken& taken) {
  const Registered peer = taking->peer();
  if (taken.status == TakeStatus::kUnavailable) taking->is_known = false;
  // kGone: nothing of it is there.
  if (taken.status != TakeStatus::kTaken) return part_is_done(taking);
  if (!taking->reply || !mirror_.is_live(peer)) {
    // It has ended here meanwhile.
    parts_[part]->sessions().give_back(taken);
    parts_[part]->peers().end(peer);
    return part_is_done(taking);
  }
  Mirror::Peer& entry = *mirror_.find(peer.peer);
  entry.tokens += taken.tokens;
  if (!taken.alias.empty() && entry.alias.empty()) {
    mirror_.set_alias(peer, taken.alias);
    taking->outcome.holds_alias = true;
  }
  taking->outcome.missed += taken.missed;
  enter_part(taking, part, taken);
}

void Moves::enter_part(const std::shared_ptr<Taking>& taking, std::size_t part,
                       const Sessions::Taken& taken) {
  Sessions& there = parts_[part]->sessions();
  there.enter_here(taking->peer(), taken, taking->outcome);
  there.await_place(taken.token, [this, &there, taking, taken] {
    if (taking->reply) there.has_come_here(taking->peer().peer, taken);
    part_is_done(taking);
  });
}

void Moves::part_is_done(const std::shared_ptr<Taking>& taking) {
  if (--taking->missing == 0 && taking->reply) finish(taking);
}

void Moves::finish(const std::shared_ptr<Taking>& taking) {
  loop_.cancel(taking->timeout);
  const ReplyTo<TakeOutcome> reply = std::exchange(taking->reply, nullptr);
  const Registered peer = taking->peer();
  if (taking->is_known) return reply(std::move(taking->outcome));
  // Nobody knows of some parts whether it has come there: it has ended, for all.
  if (mirror_.is_live(peer)) copies_.forget(peer.peer);
  for (const std::size_t part : taking->parts) parts_[part]->peers().end(peer);
  parts_[home_of(peer.peer)]->peers().remove(peer);
  reply(outcome_of(TakeStatus::kUnavailable));
}

// First where a beat has shown some.
void Moves::next(const ReplyTo<ParkedSession>& reply) {
  if (parts_.size() == 1) return only().next(reply);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < parts_.size(); ++i) order.push_back(i);
  std::stable_partition(order.begin(), order.end(),
                        [this](std::size_t i) { return parts_[i]->sessions().has_parked(); });
  next_of(order, reply);
}

void Moves::next_of(std::vector<std::size_t> parts, const ReplyTo<ParkedSession>& reply) {
  if (parts.empty()) return reply({});
  Sessions& sessions = parts_[parts.front()]->sessions();
  parts.erase(parts.begin());
  sessions.next([this, parts = std::move(parts), reply](ParkedSession session) {
    session.found ? reply(std::move(session)) : next_of(parts, reply);
  });
}

void Moves::has_copied(const Fingerprint& peer) {
  const Mirror::Peer* entry = mirror_.find(peer);
  if (entry == nullptr || entry->tokens.empty()) return;
  Sessions& home = parts_[home_of(peer)]->sessions();
  if (!home.is_connected()) return;
  home.note_copies({peer, entry->registration}, copies_.text(peer), [](bool) {});
}

}  // namespace peer_redis
