#include "cluster_node.h"

namespace peer_redis {

using peer::sdk::RegisterOutcome;
using peer::sdk::ResolveOutcome;

void ClusterNode::register_peer(const Registered& peer, const std::string& alias,
                                const ReplyTo<RegisterOutcome>& reply) {
  if (const Mirror::Peer* old = mirror_.find(peer.peer)) {
    const auto members = old->members;
    mirror_.add_peer(peer, alias);
    for (const auto& [ns, member] : members) member_gone(ns);
  } else {
    mirror_.add_peer(peer, alias);
  }
  if (!connected()) {
    mark_dirty(peer.peer);
    return reply({});
  }
  link_.run(Script::kRegister, {to_hex(peer.peer), std::to_string(peer.registration), alias},
            [this, peer, reply](const Reply* answer) {
              if (answer != nullptr && answer->is_full()) {
                mirror_.remove_peer(peer);
                say_full();
                return reply({.cluster_full = true});
              }
              if (answer == nullptr || answer->is_error()) {
                mark_dirty(peer.peer);
                return reply({});
              }
              const std::string_view status = (*answer)[0].text();
              if (status == "too_often") {
                mirror_.remove_peer(peer);
                return reply({.too_often = true});
              }
              if (status == "taken") mirror_.drop_alias(peer);
              if (mirror_.is_live(peer)) {
                mirror_.find(peer.peer)->shared_since = (*answer)[1].integer();
              }
              reply({.alias_taken = status == "taken"});
            });
}

void ClusterNode::unregister_peer(const Registered& peer) {
  const Mirror::Peer* entry = mirror_.find(peer.peer);
  if (entry == nullptr || entry->registration != peer.registration) return;
  const auto members = entry->members;
  mirror_.remove_peer(peer);
  for (const auto& [ns, member] : members) member_gone(ns);
  if (!link_.is_up()) return;
  const std::string fingerprint = to_hex(peer.peer);
  const auto check = [this](const Reply* reply) { give_up_on_error(reply); };
  link_.run(Script::kUnregister, {fingerprint, std::to_string(peer.registration)}, check);
  // What Redis has of it may be an older registration, which this one was to replace.
  if (!connected()) link_.run(Script::kForget, {fingerprint}, check);
}

void ClusterNode::resolve(const std::vector<std::string>& aliases,
                          const ReplyTo<ResolveOutcome>& reply) {
  const std::size_t count = aliases.size();
  if (!connected()) return reply({});
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

}  // namespace peer_redis
