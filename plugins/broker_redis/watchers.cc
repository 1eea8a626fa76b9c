#include "watchers.h"

#include <utility>

#include "client_text.h"
#include "on_error.h"

// In: what members here watch, that peers here are away or back, texts of what has changed of them;
// from other nodes the same of theirs. Out: marks in Redis, and scripts that tell the nodes whose
// marks say so. A mark is set in the step in which a member comes in, or before it lists the
// others: so between what a watcher is shown and what it is told there is no gap. It is taken back
// later: until then a node is told what nobody there hears.
namespace peer_redis {
namespace {

// Of one namespace. Beyond it the members here may not hear after an outage who is back.
constexpr std::size_t kMostKnownAway = 1000;

}  // namespace

std::string Watchers::kinds_with(const std::string& ns, Watches watches) const {
  if (const Mirror::Namespace* here = mirror_.find(ns)) {
    watches.meta = watches.meta || here->meta_watchers > 0;
    watches.presence = watches.presence || here->presence_watchers > 0;
  }
  if (const auto coming = coming_.find(ns); coming != coming_.end()) {
    watches.meta = watches.meta || coming->second.meta > 0;
    watches.presence = watches.presence || coming->second.presence > 0;
  }
  return watches_text(watches);
}

std::string Watchers::join_begins(const std::string& ns, Watches watches) {
  if (watches == Watches()) return {};
  Coming& coming = coming_[ns];
  coming.meta += watches.meta ? 1U : 0U;
  coming.presence += watches.presence ? 1U : 0U;
  return kinds_with(ns, watches);
}

void Watchers::join_ended(const std::string& ns, Watches watches, const std::string* marked) {
  if (watches == Watches()) return;
  if (const auto at = coming_.find(ns); at != coming_.end()) {
    Coming& coming = at->second;
    coming.meta -= watches.meta ? 1U : 0U;
    coming.presence -= watches.presence ? 1U : 0U;
    if (coming.meta == 0 && coming.presence == 0) coming_.erase(at);
  }
  Mirror::Namespace* here = mirror_.find(ns);
  if (here == nullptr) return;
  if (marked != nullptr) here->marked = *marked;
  mark(ns, *here);
}

void Watchers::watch(const std::string& ns, const Registered& peer, Watches watches) {
  mirror_.set_watches(ns, peer, watches);
  if (Mirror::Namespace* here = mirror_.find(ns)) mark(ns, *here);
}

void Watchers::mark(const std::string& ns, Mirror::Namespace& here) {
  std::string kinds = kinds_with(ns, {});
  if (kinds != here.marked) run_mark(ns, here, std::move(kinds));
}

void Watchers::run_mark(const std::string& ns, Mirror::Namespace& here, std::string kinds) {
  // Otherwise connected() does it.
  if (!state_.is_connected()) return;
  here.marked = std::move(kinds);
  link_.run(Script::kWatch, {ns, here.marked}, or_give_up(link_));
}

void Watchers::mark_again(const std::string& ns) {
  Mirror::Namespace* here = mirror_.find(ns);
  if (here == nullptr) return;
  std::string kinds = kinds_with(ns, {});
  if (!kinds.empty() || !here->marked.empty()) run_mark(ns, *here, std::move(kinds));
}

void Watchers::is_less_watched(const std::string& ns) {
  if (Mirror::Namespace* here = mirror_.find(ns)) mark(ns, *here);
}

void Watchers::connected() {
  for (const auto& [ns, here] : mirror_.namespaces()) {
    if (link_.part().has(ns)) mark_again(ns);
  }
}

void Watchers::set_away(const Registered& peer, bool away, const std::vector<Away>& news) {
  if (!mirror_.is_live(peer)) return;
  mirror_.find(peer.peer)->away = away;
  // Otherwise the resync of the peer tells it.
  if (!link_.is_up()) return;
  std::vector<std::string> arguments{to_hex(peer.peer), std::to_string(peer.registration),
                                     away ? "1" : "0"};
  for (const Away& membership : news) {
    if (!link_.part().has(membership.ns)) continue;
    arguments.push_back(membership.ns);
    arguments.push_back(membership.told);
  }
  link_.run(Script::kSetAway, Arguments(arguments.begin(), arguments.end()), or_give_up(link_));
}

void Watchers::tell_update(const std::string& ns, const Registered& peer, const std::string& text,
                           const std::string& told) {
  if (!link_.is_up()) return;
  const std::string fingerprint = to_hex(peer.peer);
  link_.run(
      Script::kTellUpdate,
      {fingerprint, std::to_string(peer.registration), ns,
       envelope('G', {ns, fingerprint, text, told})},
      [](const Reply*) {}, Link::Kind::kMessage);
}

void Watchers::know_away(Mirror::Namespace& here, const Fingerprint& peer, bool away) {
  if (!away) {
    here.away.erase(peer);
  } else if (here.presence_watchers > 0 && here.away.size() < kMostKnownAway) {
    here.away.insert(peer);
  }
}

bool Watchers::take_away(const Fields& fields, const std::vector<Fingerprint>& told) {
  const auto peer = fields.size() >= 5 ? from_hex(fields[2]) : std::nullopt;
  if (!peer || (fields[3] != "a" && fields[3] != "b")) return false;
  const bool away = fields[3] == "a";
  if (Mirror::Namespace* here = mirror_.find(fields[1])) know_away(*here, *peer, away);
  host_.member_away(fields[1], *peer, away, told);
  return true;
}

bool Watchers::take_update(const Fields& fields, const std::vector<Fingerprint>& told) {
  const auto peer = fields.size() >= 5 ? from_hex(fields[2]) : std::nullopt;
  if (!peer || !is_client_text(fields[3])) return false;
  host_.member_updated(fields[1], *peer, fields[3], told);
  return true;
}

}  // namespace peer_redis
