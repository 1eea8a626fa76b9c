#include <algorithm>
#include <utility>

#include "cluster_node.h"

// What happened elsewhere while this node was cut off was announced to nobody here. When what is
// shared is whole again, the members on other nodes are compared with those that the members here
// have been told of, and these hear the difference. It is taken at one place of the stream: the
// script that reads the members leaves a mark there.

namespace peer_redis {
namespace {

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
  while (catching_up_ < kScriptsUnderWay && !behind_.empty() &&
         (catching_up_ == 0 || link_.has_room())) {
    const std::string ns = std::move(behind_.front());
    behind_.pop_front();
    const Mirror::Namespace* here = mirror_.find(ns);
    if (here != nullptr && here->behind) compare_members(ns);
  }
}

// `ns` has members here.
void ClusterNode::compare_members(const std::string& ns) {
  const std::string token = std::to_string(++next_number_);
  const std::string most = std::to_string(kMaxKnown);
  // What others see of a member is needed only where somebody may have to be told of it.
  Mirror::Namespace& here = *mirror_.find(ns);
  const bool with_objects = !here.is_first;
  here.behind = false;
  announced_.emplace(token, Announced{});
  ++catching_up_;
  link_.run(Script::kMembers, {ns, token, most, with_objects ? "1" : "0"},
            [this, ns, token, with_objects](const Reply* reply) {
              --catching_up_;
              if (reply == nullptr || reply->is_error()) {
                abandon(token);
                return give_up_on_error(reply);
              }
              complete(token, [this, ns, shared = read_members(*reply, with_objects)] {
                take_members(ns, shared);
              });
              catch_up_more();
            });
}

ClusterNode::Shared ClusterNode::read_members(const Reply& reply, bool with_objects) {
  Shared shared;
  shared.whole = reply[0].integer() >= 0;
  const auto owner = from_hex(reply[1].text());
  const auto max_size = to_number<std::uint32_t>(reply[2].text());
  if (owner && max_size) shared.room = {*owner, *max_size, std::string(reply[3].text())};
  if (reply[0].integer() != 1) return shared;
  shared.members.emplace();
  for (std::size_t i = 4; i < reply.size(); i += with_objects ? 2 : 1) {
    const auto peer = from_hex(reply[i].text());
    const std::string_view object = with_objects ? reply[i + 1].text() : std::string_view();
    if (peer && is_client_text(object) == with_objects) shared.members->emplace(*peer, object);
  }
  return shared;
}

void ClusterNode::take_members(const std::string& ns, const Shared& shared) {
  Mirror::Namespace* here = mirror_.find(ns);
  if (here == nullptr) return;
  if (!shared.whole) {
    here->behind = true;  // the next catch_up() compares it
    return;
  }
  if (here->room && shared.room && here->room->state != *shared.room) {
    here->room->state = *shared.room;
    host_.room_changed({ns, *shared.room, {}, true});
  }
  const auto known = std::exchange(here->elsewhere, std::nullopt);
  here->is_first = false;
  std::vector<peer::sdk::MemberEntry> elsewhere;
  if (shared.members) {
    here->elsewhere.emplace();
    for (const auto& [peer, object] : *shared.members) {
      here->elsewhere->insert(peer);
      if (!object.empty()) elsewhere.push_back({peer, false, object});
    }
    count_members(ns, *here);
  }
  if (known && shared.members) tell_difference(ns, *known, *shared.members);
  host_.members_known(ns, elsewhere);
}

void ClusterNode::tell_difference(const std::string& ns,
                                  const std::unordered_set<Fingerprint>& known,
                                  const Objects& members) {
  for (const Fingerprint& peer : known) {
    if (!members.contains(peer)) host_.member_left(ns, peer);
  }
  for (const auto& [peer, object] : members) {
    if (!known.contains(peer) && !object.empty()) host_.member_joined(ns, peer, object);
  }
}

// The first member here: what it is told of the others is what this node is to know.
void ClusterNode::know_members(const std::string& ns, const peer::sdk::MemberPage& page) {
  Mirror::Namespace* here = mirror_.find(ns);
  if (here == nullptr || here->own != 1) return;
  here->elsewhere.reset();
  if (page.total > std::max<std::size_t>(1, page.members.size())) {
    if (page.total > kMaxKnown) return;
    here->is_first = true;
    here->behind = true;
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
