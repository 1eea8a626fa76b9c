#include <unistd.h>

#include <csignal>

#include "core/admin/ask_nodes.h"
#include "core/admin/routes.h"

namespace peer {

// A signal, so that there is one way out. A second one would end the process at once.
void drain(const AdminCall& call, const AdminTarget&, const std::string&) {
  const bool is_first = !call.node.drain_requested.exchange(true) && !call.node.draining;
  if (is_first) {
    call.log_change("drains the node", call.node.node_id);
    ::kill(::getpid(), SIGTERM);
  }
  call.ok("{\"draining\":true}");
}

void list_nodes(const AdminCall& call, const AdminTarget&, const std::string&) {
  ask_nodes(call, Wanted::kAll, {NodeQuestion::Kind::kNode}, [call](const NodeAnswers& answers) {
    std::string json = "{\"nodes\":[";
    for (const NodeAnswer& answer : answers.answers) {
      for (const NodeEntry& entry : answer.entries) {
        if (json.back() != '[') json.push_back(',');
        json.append(entry.json);
      }
    }
    call.ok(json + "]" + missing_json(answers) + "}");
  });
}

}  // namespace peer
