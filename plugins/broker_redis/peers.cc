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
              const bool failed = answer == nullptr || answer->is_error();
              if (failed) mark_dirty(peer.peer);
              const bool taken = !failed && answer->integer() == 1;
              if (taken) mirror_.drop_alias(peer);
              reply({taken});
            });
}

void ClusterNode::unregister_peer(const Registered& peer) {
  const Mirror::Peer* entry = mirror_.find(peer.peer);
  if (entry == nullptr || entry->registration != peer.registration) return;
  const auto members = entry->members;
  mirror_.remove_peer(peer);
  for (const auto& [ns, member] : members) member_gone(ns);
  if (!link_.is_up()) return;
  link_.run(Script::kUnregister,
            {to_hex(peer.peer), std::to_string(peer.registration), connected() ? "0" : "1"},
            [this](const Reply* reply) { give_up_on_error(reply); });
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
              reply(std::move(outcome));
            });
}

}  // namespace peer_redis
