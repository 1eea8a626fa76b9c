#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/cluster/script_driver.h"
#include "tests/integration/cluster/script_names.h"

// Changes of rooms, tickets, and who has an alias.
namespace peer::test {

using Room = ScriptModel::Room;
using Texts = std::vector<std::string>;

void ScriptDriver::do_commit_room() {
  const std::string& ns = any(kNames);
  const Room room = room_request(ns);
  const std::string kicked = chance(30) ? peer_name(below(kPeers)) : std::string();
  const bool closes = chance(5);
  const Texts answer =
      run(part_of(ns), "commit_room", any(nodes_),
          {ns, std::to_string(room.version), room.owner, room.max_size, room.state, kicked,
           room.owner, "token", "head", "tail", closes ? "1" : "0", room.listed, room.empty});
  const Texts members = model_of(ns).members(ns);
  EXPECT_EQ(answer.at(0), model_of(ns).commit_room(ns, room, kicked, room.owner, closes));
  if (answer.at(0) != "committed") return;
  for (const std::string& member : closes ? members : Texts()) {
    const auto* record = model_of(ns).find(member);
    if (Own* own = own_of(record->node, member, record->registration)) own->members.erase(ns);
  }
  if (closes || kicked.empty()) return;
  const auto* record = model_of(ns).find(kicked);
  if (Own* own = own_of(record->node, kicked, record->registration))
    own->members.erase(ns);  // told by K
}

void ScriptDriver::do_broadcast() {
  const std::string& ns = any(kNames);
  run(part_of(ns), "broadcast", any(nodes_), {ns, "envelope"});
  model_of(ns).broadcast(ns);
}

void ScriptDriver::do_add_ticket() {
  const std::string& node = any(nodes_);
  const std::string peer = peer_of(node);
  const std::uint64_t registration = registration_of(node, peer);
  const std::string& ns = any(kNames);
  const std::set<std::string> known = model_of(ns).tickets(ns);
  const std::string replaces = known.empty() || chance(60) ? std::string() : *known.begin();
  // Some ask again for what they have, or have had.
  const bool repeats = chance(20) && last_ticket_ > 0;
  const std::string ticket = !repeats
                                 ? std::to_string(++last_ticket_)
                                 : (replaces.empty() ? std::to_string(last_ticket_) : replaces);
  Texts arguments{peer,          std::to_string(registration), ns,         ticket, "5",
                  any(kObjects), repeats ? ticket : replaces,  any(nodes_)};
  append_copy(part_of(ns), node, peer, registration, arguments);
  const Texts answer = run(part_of(ns), "add_ticket", node, arguments);
  const bool added =
      model_of(ns).add_ticket(node, peer, registration, ns, ticket, repeats ? ticket : replaces);
  expect_answer("add_ticket", answer, {added ? "1" : "0"});
}

void ScriptDriver::do_remove_ticket() {
  const std::string& node = any(nodes_);
  const std::string& ns = any(kNames);
  const std::set<std::string> known = model_of(ns).tickets(ns);
  const std::string ticket = known.empty() ? "0" : *known.rbegin();
  const Texts answer = run(part_of(ns), "remove_ticket", node, {ns, ticket, any(nodes_)});
  expect_answer("remove_ticket", answer,
                {model_of(ns).remove_ticket(node, ns, ticket) ? "1" : "0"});
}

void ScriptDriver::do_claim() {
  const std::string& ns = any(kNames);
  Texts tickets;
  for (const std::string& ticket : model_of(ns).tickets(ns)) {
    if (chance(60)) tickets.push_back(ticket);
  }
  if (chance(20)) tickets.push_back("0");
  if (tickets.empty()) return;
  Texts arguments{ns, "session", chance(50) ? "" : "[[]]"};
  arguments.insert(arguments.end(), tickets.begin(), tickets.end());
  const Texts answer = run(part_of(ns), "claim", any(nodes_), arguments);
  const Texts alive = redis_.command({"ZRANGEBYSCORE", key(part_of(ns)) + ":nodes", "2", "+inf"});
  expect_answer("claim", answer, model_of(ns).claim(ns, tickets, {alive.begin(), alive.end()}));
}

void ScriptDriver::do_resolve() {
  const std::string& alias = any(kAliases);
  if (alias.empty()) return;
  expect_answer("resolve", run(part_of(alias), "resolve", any(nodes_), {alias}),
                {"0", model_of(alias).holder(alias)});
}

}  // namespace peer::test
