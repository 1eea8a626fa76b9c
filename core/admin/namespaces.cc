#include <utility>

#include "core/admin/ask_nodes.h"
#include "core/admin/routes.h"
#include "core/protocol/json_text.h"

// Namespaces and rooms in the Server API. A node counts its own members; the sum is what is told.
namespace peer {
namespace {

bool is_name_before(std::string_view a, std::string_view b) { return a < b; }

std::string namespace_json(const NodeEntry& entry) {
  return "{\"namespace\":" + json_string(entry.key) + ",\"peers\":" + std::to_string(entry.count) +
         "}";
}

std::string room_json(const NodeEntry& entry) {
  return "{\"room_id\":" + json_string(entry.key) +
         ",\"peer_count\":" + std::to_string(entry.count) + "," + entry.json + "}";
}

void list_names(const AdminCall& call, const AdminTarget& target, NodeQuestion::Kind kind,
                const char* member, std::string (*render)(const NodeEntry&)) {
  const auto limit = read_limit(call, target);
  if (!limit) return;
  NodeQuestion question{
      kind, {}, std::string(target.value("after")), static_cast<std::uint32_t>(*limit)};
  ask_nodes(call, Wanted::kAll, std::move(question),
            [call, limit = *limit, member, render](NodeAnswers answers) {
              const std::string missing = missing_json(answers);
              const JoinedPage page = join_pages(std::move(answers.answers), limit, is_name_before);
              std::string json = std::string("{\"") + member + "\":[";
              for (const NodeEntry& entry : page.entries) {
                if (&entry != page.entries.data()) json.push_back(',');
                json.append(render(entry));
              }
              json.append("]");
              if (page.next) json.append(",\"next\":").append(json_string(*page.next));
              call.ok(json + missing + "}");
            });
}

}  // namespace

void list_namespaces(const AdminCall& call, const AdminTarget& target, const std::string&) {
  list_names(call, target, NodeQuestion::Kind::kNamespaces, "namespaces", namespace_json);
}

void list_rooms(const AdminCall& call, const AdminTarget& target, const std::string&) {
  list_names(call, target, NodeQuestion::Kind::kRooms, "rooms", room_json);
}

void show_room(const AdminCall& call, const AdminTarget& target, const std::string&) {
  ask_nodes(call, Wanted::kAll, {NodeQuestion::Kind::kRoom, target.path[2]},
            [call](NodeAnswers answers) {
              if (!is_found(answers)) return refuse_missing(call, answers, "room not found");
              const std::string missing = missing_json(answers);
              const JoinedPage page = join_pages(std::move(answers.answers), 1, is_name_before);
              std::string json = room_json(page.entries.front());
              json.insert(json.size() - 1, missing);
              call.ok(std::move(json));
            });
}

// As a decision of the room's policy would: with a broker it ends on all nodes.
void end_room(const AdminCall& call, const AdminTarget& target, const std::string&) {
  RoomQuestion question{target.path[2]};
  question.ends = "closed by the operator";
  call.node.rooms.ask({call.loop, std::move(question), [call](RoomAnswer& answer) {
                         if (!answer.refusal) {
                           call.log_change("ends a room", std::string(answer.name));
                           return call.ok("{\"closed\":true}");
                         }
                         if (answer.refusal->code == 404) return call.refuse(404, "room not found");
                         call.refuse(503, "the room is busy");
                       }});
}

}  // namespace peer
