#include "key_check.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace peer_redis {
namespace {

constexpr std::size_t kPeersAtATime = 32;
constexpr std::size_t kNamespacesAtATime = 32;

std::string eviction_policy(std::string_view info) {
  constexpr std::string_view kName = "maxmemory_policy:";
  const auto at = info.find(kName);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = info.substr(at + kName.size());
  return std::string(rest.substr(0, std::min<std::size_t>(rest.find_first_of("\r\n"), 32)));
}

}  // namespace

void KeyCheck::check_some() {
  if (!state_.is_connected() || mirror_.peers().empty()) return;
  if (peers_.empty()) {
    ++turn_;
    for (const auto& [peer, entry] : mirror_.peers()) peers_.push_back(peer);
  }
  std::size_t peers = 0;
  std::vector<std::string> arguments{""};
  // All are counted, not only those that have something in this part: else each of many parts would
  // go through nearly all of the node's peers with a beat, and all parts beat at about one time.
  for (std::size_t i = 0; !peers_.empty() && i < kPeersAtATime; ++i) {
    if (arguments.size() >= kMembershipsAtATime) break;
    const Fingerprint peer = peers_.front();
    peers_.pop_front();
    const Mirror::Peer* entry = mirror_.find(peer);
    if (entry == nullptr || !link_.part().concerns(peer, *entry)) continue;
    // Its alias is asked for when its own part has given the registration its time.
    if (!entry->shared_since && !link_.part().is_home_of(peer)) continue;
    append(arguments, peer, *entry);
    ++peers;
  }
  arguments[0] = std::to_string(peers);
  append_namespaces(arguments);
  if (arguments.size() == 1) return;  // nothing of these is in this part
  link_.run(Script::kCheck, Arguments(arguments.begin(), arguments.end()),
            [this](const Reply* reply) {
              if (has_answered(reply)) take(*reply);
            });
}

void KeyCheck::append(std::vector<std::string>& arguments, const Fingerprint& peer,
                      const Mirror::Peer& entry) const {
  const PartIndex& here = link_.part();
  const std::size_t count = std::min(entry.members.size(), kMembershipsAtATime);
  auto member = entry.members.begin();
  std::advance(member, static_cast<std::ptrdiff_t>(first_looked_at(entry.members.size(), turn_)));
  arguments.insert(arguments.end(),
                   {to_hex(peer), here.has(entry.alias) ? entry.alias : std::string(), {}});
  const std::size_t number = arguments.size();
  for (std::size_t i = 0; i < count; ++i, ++member) {
    if (here.has(member->first)) arguments.push_back(member->first);
  }
  arguments[number - 1] = std::to_string(arguments.size() - number);
}

void KeyCheck::append_namespaces(std::vector<std::string>& arguments) {
  const auto& namespaces = mirror_.namespaces();
  auto next = namespaces.upper_bound(last_namespace_);
  // From the start again. A map keeps its order, so a name is enough to go on from.
  if (next == namespaces.end()) next = namespaces.begin();
  for (std::size_t i = 0; i < kNamespacesAtATime && next != namespaces.end(); ++i) {
    if (link_.part().has(next->first)) {
      arguments.insert(arguments.end(), {next->first, std::to_string(next->second.own)});
    }
    last_namespace_ = (next++)->first;
  }
}

void KeyCheck::take(const Reply& reply) {
  if (!state_.is_connected() || (reply[0].integer() == 0 && reply.size() == 1)) return;
  log_.warn(
      "keys of the cluster were missing in Redis, and are put back; its maxmemory-policy must be "
      "noeviction, and nobody else may delete them");
  for (std::size_t i = 1; i < reply.size(); ++i) {
    if (const auto peer = from_hex(reply[i].text())) resync_.mark_dirty(*peer);
  }
}

void KeyCheck::check_eviction() {
  link_.ask({"INFO", "memory"}, [this](const Reply* reply) {
    if (!has_answered(reply)) return;  // a user may be forbidden to ask
    const std::string policy = eviction_policy(reply->text());
    if (policy == std::exchange(told_policy_, policy)) return;
    if (policy.empty() || policy == "noeviction") return;
    log_.warn("the maxmemory-policy of Redis is " + policy +
              ": it may throw away what the cluster needs; set it to noeviction");
  });
}

}  // namespace peer_redis
