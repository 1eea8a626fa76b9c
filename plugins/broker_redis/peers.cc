#include "peers.h"

#include <algorithm>

#include "on_error.h"

namespace peer_redis {

using peer::sdk::RegisterOutcome;
using peer::sdk::ResolveOutcome;

namespace {

constexpr std::size_t kMostRevocations = 1000;

}  // namespace

void Peers::enter(const Registered& peer, const std::string& alias, std::string_view proof,
                  const ReplyTo<RegisterOutcome>& reply) {
  // The mirror forgets what the older registration was a member of, so the counts lose it as well.
  if (const Mirror::Peer* old = mirror_.find(peer.peer)) {
    const auto members = old->members;
    mirror_.add_peer(peer, alias, proof);
    for (const auto& [ns, member] : members) counts_.member_gone(ns);
  } else {
    mirror_.add_peer(peer, alias, proof);
  }
  if (!state_.is_connected()) {
    resync_.mark_dirty(peer.peer);
    return reply({});
  }
  // In a part of its own it is asked for when the registration has its time.
  const std::string alias_here = link_.part().has(alias) ? alias : std::string();
  link_.run(Script::kRegister,
            {to_hex(peer.peer), std::to_string(peer.registration), alias_here, std::string(proof)},
            [this, peer, reply](const Reply* answer) { take_entered(peer, answer, reply); });
}

void Peers::take_entered(const Registered& peer, const Reply* answer,
                         const ReplyTo<RegisterOutcome>& reply) {
  if (answer != nullptr && answer->is_full()) {
    mirror_.remove_peer(peer);
    log_.full(loop_.now());
    return reply({.cluster_full = true});
  }
  if (!has_answered(answer)) {
    resync_.mark_dirty(peer.peer);
    return reply({});
  }
  const std::string_view status = (*answer)[0].text();
  if (status == "too_often") {
    mirror_.remove_peer(peer);
    return reply({.too_often = true});
  }
  if (status == "unproved") {
    mirror_.remove_peer(peer);
    return reply({.proof_required = true});
  }
  if (answer->size() > 3) {
    const auto before = to_number<std::uint64_t>((*answer)[2].text());
    if (before) end_parked_({peer.peer, *before}, (*answer)[3].text());
  }
  // A resync must not claim the alias that another peer holds.
  if (status == "taken") mirror_.drop_alias(peer);
  if (mirror_.is_live(peer)) mirror_.find(peer.peer)->shared_since = (*answer)[1].integer();
  reply({.alias_taken = status == "taken"});
}

void Peers::take_alias(const Registered& peer, const ReplyTo<RegisterOutcome>& reply) {
  const Mirror::Peer* entry = mirror_.find(peer.peer);
  if (entry == nullptr || entry->registration != peer.registration) return reply({});
  if (!state_.is_connected()) {
    resync_.mark_dirty(peer.peer);
    return reply({});
  }
  const std::string fingerprint = to_hex(peer.peer);
  const std::string registration = std::to_string(peer.registration);
  const std::vector<std::string> copy = copies_.arguments(peer);
  Arguments arguments{fingerprint, registration, entry->alias};
  arguments.insert(arguments.end(), copy.begin(), copy.end());
  link_.run(Script::kTakeAlias, arguments, [this, peer, reply](const Reply* answer) {
    const bool known = has_answered(answer);
    const bool taken = known && answer->text() == "taken";
    // A resync must not claim the alias that another peer holds.
    if (taken) mirror_.drop_alias(peer);
    if (!known || answer->text() == "stale") resync_.mark_dirty(peer.peer);
    reply({.alias_taken = taken});
  });
}

void Peers::remove(const Registered& peer) {
  const Mirror::Peer* entry = mirror_.find(peer.peer);
  if (entry == nullptr || entry->registration != peer.registration) return;
  const auto members = entry->members;
  mirror_.remove_peer(peer);
  for (const auto& [ns, member] : members) counts_.member_gone(ns);
  end(peer);
}

void Peers::end(const Registered& peer) {
  if (!link_.is_up()) return;
  const std::string fingerprint = to_hex(peer.peer);
  const std::string registration = std::to_string(peer.registration);
  Arguments arguments{fingerprint, registration};
  if (!link_.part().is_home_of(peer.peer)) arguments.push_back("1");
  link_.run(Script::kUnregister, arguments, or_give_up(link_));
  // What Redis has of it may be an older registration, which this one was to replace.
  if (!state_.is_connected()) link_.run(Script::kForget, {fingerprint}, or_give_up(link_));
}

void Peers::resolve(const std::vector<std::string>& aliases, const ReplyTo<ResolveOutcome>& reply) {
  const std::size_t count = aliases.size();
  if (!state_.is_connected()) return reply({});
  link_.run(Script::kResolve, Arguments(aliases.begin(), aliases.end()),
            [count, reply](const Reply* answer) {
              if (answer == nullptr || answer->size() != count + 1) return reply({});
              ResolveOutcome outcome;
              bool all_found = true;
              for (std::size_t i = 1; i <= count; ++i) {
                outcome.holders.push_back(from_hex((*answer)[i].text()));
                all_found = all_found && outcome.holders.back();
              }
              outcome.known = all_found || (*answer)[0].integer() == 0;
              outcome.foreign = (*answer)[0].integer() == 2;
              reply(std::move(outcome));
            });
}

void Peers::revoke(const Fingerprint& peer, const std::string& words) {
  if (!state_.is_connected()) {
    if (revocations_.size() == kMostRevocations) {
      revocations_.pop_front();
      log_.warn("revocations of peers are lost: Redis is away, and 1000 of them wait");
    }
    revocations_.emplace_back(peer, words);
    return;
  }
  link_.run(Script::kRevoke, {to_hex(peer), words}, [this, peer, words](const Reply* answer) {
    if (has_answered(answer)) return;
    // Nobody knows whether the others have heard it, so they are told again.
    if (revocations_.size() < kMostRevocations) revocations_.emplace_back(peer, words);
    if (answer != nullptr) link_.give_up(answer->text());
  });
}

void Peers::connected() {
  for (const auto& [peer, words] : std::exchange(revocations_, {})) revoke(peer, words);
  if (mirror_.peers().empty()) return;
  link_.run(Script::kRevocations, {}, [this](const Reply* answer) {
    if (has_answered(answer)) take_revocations(*answer);
  });
}

void Peers::take_revocations(const Reply& answer) {
  for (std::size_t i = 0; i + 1 < answer.size(); i += 2) {
    const std::string_view text = answer[i].text();
    const auto peer = from_hex(text.substr(0, 64));
    const auto when = to_number<std::uint64_t>(answer[i + 1].text());
    if (!peer || !when || text.size() < 65) continue;
    // One that has registered since was let in with the revocation known.
    Mirror::Peer* entry = mirror_.find(*peer);
    if (entry == nullptr || copies_.since_us(*entry) > static_cast<std::int64_t>(*when)) continue;
    host_.revoked(*peer, text.substr(65));
  }
}

void Peers::remove_all() {
  std::vector<std::string> own;
  for (const auto& [peer, entry] : mirror_.peers()) {
    if (copies_.may_have(peer, entry)) own.push_back(to_hex(peer));
  }
  // In pieces, as the reaper does: one long script would keep Redis from all others.
  for (std::size_t first = 0; first < own.size(); first += 100) {
    const std::size_t last = std::min(own.size(), first + 100);
    link_.run(Script::kForget,
              Arguments(own.begin() + static_cast<std::ptrdiff_t>(first),
                        own.begin() + static_cast<std::ptrdiff_t>(last)),
              [](const Reply*) {});
  }
}

}  // namespace peer_redis
