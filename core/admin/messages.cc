#include <optional>
#include <utility>

#include "core/admin/ask_nodes.h"
#include "core/admin/json_body.h"
#include "core/admin/routes.h"

// Messages of the operator's backend to peers (docs/protocol.md, "Notifications").
namespace peer {
namespace {

/// Its `payload`, byte for byte; nullopt: refused already.
std::optional<std::string> read_payload(const AdminCall& call, const JsonBody& body) {
  const std::string_view payload = body.fields.raw("payload");
  if (body.fields.error()) {
    call.refuse(400, *body.fields.error());
  } else if (payload.empty()) {
    call.refuse(400, "payload required");
  } else {
    return std::string(payload);
  }
  return std::nullopt;
}

std::string counts_json(const NodeAnswers& answers) {
  std::uint64_t delivered = 0;
  std::uint64_t dropped = 0;
  for (const NodeAnswer& answer : answers.answers) {
    delivered += answer.delivered;
    dropped += answer.dropped;
  }
  return "{\"delivered\":" + std::to_string(delivered) + ",\"dropped\":" + std::to_string(dropped) +
         missing_json(answers) + "}";
}

}  // namespace

void send_to_peer(const AdminCall& call, const AdminTarget& target, const std::string& text) {
  const JsonBody body(call, text);
  if (!body.sound) return;
  auto payload = read_payload(call, body);
  if (!payload) return;
  NodeQuestion question{NodeQuestion::Kind::kSend, target.path[2]};
  question.payload = std::move(*payload);
  ask_nodes(call, Wanted::kFirst, std::move(question),
            [call, name = target.path[2]](const NodeAnswers& answers) {
              if (!is_found(answers)) return refuse_missing(call, answers, "peer not found");
              call.log_change("sends a message to a peer", name);
              call.ok(counts_json(answers));
            });
}

void send_to_namespace(const AdminCall& call, const AdminTarget& target, const std::string& text) {
  JsonBody body(call, text);
  if (!body.sound) return;
  const auto exclude = body.fields.optional_texts("exclude", call.node.config().max_exclude);
  auto payload = read_payload(call, body);
  if (!payload) return;
  NodeQuestion question{NodeQuestion::Kind::kSendAll, target.path[2]};
  question.payload = std::move(*payload);
  question.exclude.assign(exclude.begin(), exclude.end());
  ask_nodes(call, Wanted::kAll, std::move(question),
            [call, name = target.path[2]](const NodeAnswers& answers) {
              call.log_change("sends a message to a namespace", name);
              call.ok(counts_json(answers));
            });
}

}  // namespace peer
