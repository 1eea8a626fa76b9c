#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "core/admin/ask_nodes.h"
#include "core/admin/routes.h"
#include "core/protocol/json_text.h"

// Queues of matching in the Server API. A node counts the tickets of its own peers; told are the
// sum, and the longest of their waits.
namespace peer {
namespace {

bool is_queue_before(std::string_view a, std::string_view b) { return a < b; }

using Waits = std::map<std::string, std::uint64_t, std::less<>>;

/// By name. An entry's JSON is its wait in milliseconds.
Waits longest_waits(const std::vector<NodeAnswer>& answers) {
  Waits waits;
  for (const NodeAnswer& answer : answers) {
    for (const NodeEntry& entry : answer.entries) {
      std::uint64_t& longest = waits[entry.key];
      longest = std::max(longest, parse_count(entry.json, UINT64_MAX).value_or(0));
    }
  }
  return waits;
}

std::string queue_json(const Node& node, const NodeEntry& entry, std::uint64_t wait) {
  return "{\"namespace\":" + json_string(entry.key) +
         ",\"waiting\":" + std::to_string(entry.count) +
         ",\"longest_wait_ms\":" + std::to_string(wait) +
         ",\"strategy\":" + json_string(node.strategies.of(entry.key).calls.name()) + "}";
}

}  // namespace

void list_queues(const AdminCall& call, const AdminTarget& target, const std::string&) {
  const auto limit = read_limit(call, target);
  if (!limit) return;
  NodeQuestion question{NodeQuestion::Kind::kQueues,
                        {},
                        std::string(target.value("after")),
                        static_cast<std::uint32_t>(*limit)};
  ask_nodes(call, Wanted::kAll, std::move(question), [call, limit = *limit](NodeAnswers answers) {
    const Waits waits = longest_waits(answers.answers);
    const std::string missing = missing_json(answers);
    const JoinedPage page = join_pages(std::move(answers.answers), limit, is_queue_before);
    std::string json = "{\"queues\":[";
    for (const NodeEntry& entry : page.entries) {
      if (json.back() != '[') json.push_back(',');
      json.append(queue_json(call.node, entry, waits.at(entry.key)));
    }
    json.append("]");
    if (page.next) json.append(",\"next\":").append(json_string(*page.next));
    call.ok(json + missing + "}");
  });
}

}  // namespace peer
