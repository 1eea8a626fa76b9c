#include <utility>

#include "core/admin/ask_nodes.h"
#include "core/admin/routes.h"
#include "core/protocol/json_text.h"

// One node in the Server API, for the console: what it is doing, its past, its plugins; and whose
// token a request carries.
namespace peer {
namespace {

void ask_node(const AdminCall& call, const AdminTarget& target, NodeQuestion::Kind kind) {
  NodeQuestion question{kind, target.path[2]};
  question.after = target.value("after");
  ask_nodes(call, Wanted::kFirst, std::move(question), [call](const NodeAnswers& answers) {
    for (const NodeAnswer& answer : answers.answers) {
      if (!answer.entries.empty()) return call.ok(answer.entries.front().json);
    }
    refuse_missing(call, answers, "node not found");
  });
}

}  // namespace

void show_token(const AdminCall& call, const AdminTarget&, const std::string&) {
  call.ok("{\"name\":" + json_string(call.who) + ",\"role\":\"" +
          (call.role == AdminRole::kWrite ? "write" : "read") + "\",\"node\":\"" +
          call.node.node_id + "\"}");
}

void show_node(const AdminCall& call, const AdminTarget& target, const std::string&) {
  ask_node(call, target, NodeQuestion::Kind::kNodeDetails);
}

void show_history(const AdminCall& call, const AdminTarget& target, const std::string&) {
  constexpr std::uint64_t kLatestSince = 1'000'000'000'000'000;
  if (target.query.contains("after") && !parse_count(target.value("after"), kLatestSince)) {
    return call.refuse(400, "after must be a number of milliseconds");
  }
  ask_node(call, target, NodeQuestion::Kind::kHistory);
}

void list_plugins(const AdminCall& call, const AdminTarget& target, const std::string&) {
  ask_node(call, target, NodeQuestion::Kind::kPlugins);
}

}  // namespace peer
