#include "catch_up.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "client_text.h"
#include "on_error.h"

// In come namespaces whose members here may have missed something. Out goes lua/members.lua for
// each, a number of them at a time, and to the core goes the difference. It is taken at one place
// of the stream: the script that reads the members leaves a mark there.
namespace peer_redis {
namespace {

constexpr std::size_t kMaxKnown = 1000;
constexpr std::size_t kComparisonsUnderWay = 64;

}  // namespace

void CatchUp::becomes_due() {
  due_ = true;
  mirror_.mark_behind([this](std::string_view ns) { return link_.part().has(ns); });
}

void CatchUp::all_is_whole() {
  if (!due_ || !state_.is_connected()) return;
  due_ = false;
  behind_.clear();
  for (const auto& [ns, here] : mirror_.namespaces()) {
    if (link_.part().has(ns)) behind_.push_back(ns);
  }
  go_on();
}

void CatchUp::compare_soon(const std::string& ns) {
  Mirror::Namespace* here = mirror_.find(ns);
  if (here == nullptr) return;
  here->behind = true;
  behind_.push_back(ns);
  go_on();
}

void CatchUp::go_on() {
  while (under_way_ < kComparisonsUnderWay && !behind_.empty() &&
         (under_way_ == 0 || link_.has_room())) {
    const std::string ns = std::move(behind_.front());
    behind_.pop_front();
    const Mirror::Namespace* here = mirror_.find(ns);
    if (here != nullptr && here->behind) compare(ns);
  }
}

void CatchUp::compare(const std::string& ns) {
  const std::string token = announcements_.begin();
  const std::string most = std::to_string(kMaxKnown);
  // What others see of a member is needed only where somebody may have to be told of it.
  Mirror::Namespace& here = *mirror_.find(ns);
  const bool with_objects = !here.is_first;
  const bool with_away = here.presence_watchers > 0;
  here.behind = false;
  ++under_way_;
  link_.run(Script::kMembers, {ns, token, most, with_objects ? "1" : "0", with_away ? "1" : "0"},
            [this, ns, token, with_objects, with_away](const Reply* reply) {
              --under_way_;
              if (!has_answered(reply)) {
                announcements_.abandon(token);
                return or_give_up(link_)(reply);
              }
              announcements_.complete(
                  token, [this, ns, shared = read_members(*reply, with_objects, with_away)] {
                    take_members(ns, shared);
                  });
              go_on();
            });
}

CatchUp::Shared CatchUp::read_members(const Reply& reply, bool with_objects, bool with_away) {
  Shared shared;
  shared.whole = reply[0].integer() >= 0;
  const auto owner = from_hex(reply[1].text());
  const auto max_size = to_number<std::uint32_t>(reply[2].text());
  if (owner && max_size) shared.room = {*owner, *max_size, std::string(reply[3].text())};
  if (reply[0].integer() != 1) return shared;
  shared.members.emplace();
  if (with_away) shared.away.emplace();
  const std::size_t fields = 1 + (with_objects ? 1U : 0U) + (with_away ? 1U : 0U);
  for (std::size_t i = 4; i + fields <= reply.size(); i += fields) {
    const auto peer = from_hex(reply[i].text());
    const std::string_view object = with_objects ? reply[i + 1].text() : std::string_view();
    if (!peer || is_client_text(object) != with_objects) continue;
    shared.members->emplace(*peer, object);
    if (with_away && reply[i + fields - 1].text() == "a") shared.away->insert(*peer);
  }
  return shared;
}

void CatchUp::take_members(const std::string& ns, const Shared& shared) {
  Mirror::Namespace* here = mirror_.find(ns);
  if (here == nullptr) return;
  if (!shared.whole) {
    here->behind = true;  // it is compared when all is whole
    return;
  }
  // Announcements of the change were missed; the flag has the core tell its members.
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
      know_of(ns, *here, peer);
      const bool away = shared.away && shared.away->contains(peer);
      if (!object.empty()) elsewhere.push_back({peer, false, away, object});
    }
    counts_.tell(ns, *here);
  }
  if (known && shared.members) tell_difference(ns, *known, *shared.members);
  if (shared.away) tell_away(ns, *here, known, *shared.away);
  host_.members_known(ns, elsewhere);
}

// Those who are no members any more have left. Who came alone is told with the members: but for a
// first comparison, where nobody has been told of any.
void CatchUp::tell_away(const std::string& ns, Mirror::Namespace& here, const Known& known,
                        const std::unordered_set<Fingerprint>& away) {
  const auto before = std::exchange(here.away, {});
  for (const Fingerprint& peer : before) {
    if (!away.contains(peer) && here.elsewhere && here.elsewhere->contains(peer)) {
      host_.member_away(ns, peer, false, {});
    }
  }
  for (const Fingerprint& peer : away) {
    Watchers::know_away(here, peer, true);
    if (known && !before.contains(peer)) host_.member_away(ns, peer, true, {});
  }
}

void CatchUp::tell_difference(const std::string& ns, const std::unordered_set<Fingerprint>& known,
                              const Objects& members) {
  for (const Fingerprint& peer : known) {
    if (!members.contains(peer)) host_.member_left(ns, peer);
  }
  for (const auto& [peer, object] : members) {
    if (!known.contains(peer) && !object.empty()) host_.member_joined(ns, peer, object);
  }
}

void CatchUp::know_members(const std::string& ns, const peer::sdk::MemberPage& page) {
  Mirror::Namespace* here = mirror_.find(ns);
  // Only the first member's page says what is to be known; the next ones come to a known namespace.
  if (here == nullptr || here->own != 1) return;
  here->elsewhere.reset();
  if (here->quiet) return counts_.tell(ns, *here);  // nobody here is told of any, now or later
  if (page.total > std::max<std::size_t>(1, page.members.size())) {
    if (page.total > kMaxKnown) return;
    here->is_first = true;
    return compare_soon(ns);
  }
  here->elsewhere.emplace();
  for (const auto& member : page.members) {
    if (!member.here) know_of(ns, *here, member.peer);
  }
  counts_.tell(ns, *here);
}

bool CatchUp::know_of(std::string_view ns, Mirror::Namespace& here, const Fingerprint& peer) {
  if (mirror_.is_member(ns, peer)) return false;
  if (!here.elsewhere) return true;
  here.elsewhere->insert(peer);
  // Beyond the bound nothing is remembered, and nothing is compared after an outage.
  if (here.elsewhere->size() > kMaxKnown) here.elsewhere.reset();
  return true;
}

}  // namespace peer_redis
