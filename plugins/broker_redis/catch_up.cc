#include <algorithm>
#include <utility>

#include "cluster_node.h"

// What happened elsewhere while this node was cut off was announced to nobody here. When what is
// shared is whole again, the members on other nodes are compared with those that the members here
// have been told of, and these hear the difference. It is taken at one place of the stream: the
// script that reads the members leaves a mark there.

namespace peer_redis {
namespace {

constexpr std::size_t kWindow = 64;  // scripts under way at a time
constexpr std::size_t kMaxKnown = 1000;

}  // namespace

void ClusterNode::catch_up() {
  if (!catch_up_due_ || !connected()) return;
  catch_up_due_ = false;
  behind_.clear();
  for (const auto& [ns, here] : mirror_.namespaces()) behind_.push_back(ns);
  catch_up_more();
}

void ClusterNode::catch_up_more() {
  while (catching_up_ < kWindow && !behind_.empty() && (catching_up_ == 0 || link_.has_room())) {
    const std::string ns = std::move(behind_.front());
    behind_.pop_front();
    if (mirror_.find(ns) != nullptr) compare_members(ns);
  }
}

void ClusterNode::compare_members(const std::string& ns) {
  const std::string token = std::to_string(++next_number_);
  announced_.emplace(token, Announced{});
  ++catching_up_;
  link_.run(Script::kMembers, {ns, token, std::to_string(kMaxKnown)},
            [this, ns, token](const Reply* reply) {
              --catching_up_;
              if (reply == nullptr || reply->is_error()) return abandon(token);
              std::optional<Objects> members;
              if ((*reply)[0].integer() == 1) members.emplace();
              for (std::size_t i = 1; members && i + 1 < reply->size(); i += 2) {
                const auto peer = from_hex((*reply)[i].text());
                const std::string_view object = (*reply)[i + 1].text();
                if (peer && is_client_text(object)) members->emplace(*peer, object);
              }
              complete(token,
                       [this, ns, members = std::move(members)] { tell_difference(ns, members); });
              catch_up_more();
            });
}

void ClusterNode::tell_difference(const std::string& ns, const std::optional<Objects>& members) {
  Mirror::Namespace* here = mirror_.find(ns);
  if (here == nullptr) return;
  const auto known = std::exchange(here->elsewhere, std::nullopt);
  if (!members) return;
  here->elsewhere.emplace();
  for (const auto& [peer, object] : *members) here->elsewhere->insert(peer);
  count_members(ns, *here);
  if (!known) return;
  for (const Fingerprint& peer : *known) {
    if (!members->contains(peer)) host_.member_left(ns, peer);
  }
  for (const auto& [peer, object] : *members) {
    if (!known->contains(peer)) host_.member_joined(ns, peer, object);
  }
}

// The first member here: what it is told of the others is what this node is to know.
void ClusterNode::know_members(const std::string& ns, const peer::sdk::MemberPage& page) {
  Mirror::Namespace* here = mirror_.find(ns);
  if (here == nullptr || here->own != 1) return;
  here->elsewhere.reset();
  if (page.total > std::max<std::size_t>(1, page.members.size())) {
    if (page.total > kMaxKnown) return;
    behind_.push_back(ns);
    return catch_up_more();
  }
  here->elsewhere.emplace();
  for (const auto& member : page.members) {
    if (!member.here) here->elsewhere->insert(member.peer);
  }
  count_members(ns, *here);
}

void ClusterNode::know_of(Mirror::Namespace& here, const Fingerprint& peer) {
  if (!here.elsewhere) return;
  here.elsewhere->insert(peer);
  if (here.elsewhere->size() > kMaxKnown) here.elsewhere.reset();
}

}  // namespace peer_redis
