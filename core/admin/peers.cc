#include <optional>
#include <utility>

#include "core/admin/ask_nodes.h"
#include "core/admin/routes.h"
#include "core/protocol/json_text.h"

// Peers in the Server API: pages of them, one of them, and how an operator ends one.
namespace peer {
namespace {

constexpr std::size_t kLongestReason = 123;  // RFC 6455 5.5

bool is_before(std::string_view a, std::string_view b) {
  const auto left = parse_fingerprint(a);
  const auto right = parse_fingerprint(b);
  return left && right && comes_before(*left, *right);
}

std::string page_json(const JoinedPage& page, const std::string& missing) {
  std::string json = "{\"peers\":[";
  for (const NodeEntry& entry : page.entries) {
    if (&entry != page.entries.data()) json.push_back(',');
    json.append(entry.json);
  }
  json.append("]");
  if (page.next) json.append(",\"next\":").append(json_string(*page.next));
  return json + missing + "}";
}

}  // namespace

void list_peers(const AdminCall& call, const AdminTarget& target, const std::string&) {
  const auto limit = read_limit(call, target);
  if (!limit) return;
  const std::string_view after = target.value("after");
  if (!after.empty() && !parse_fingerprint(after)) {
    return call.refuse(400, "after must be a fingerprint");
  }
  NodeQuestion question{NodeQuestion::Kind::kPeers, std::string(target.value("namespace")),
                        std::string(after), static_cast<std::uint32_t>(*limit)};
  question.search = target.value("search");
  ask_nodes(call, Wanted::kAll, std::move(question), [call, limit = *limit](NodeAnswers answers) {
    const std::string missing = missing_json(answers);
    call.ok(page_json(join_pages(std::move(answers.answers), limit, is_before), missing));
  });
}

void show_peer(const AdminCall& call, const AdminTarget& target, const std::string&) {
  ask_nodes(call, Wanted::kFirst, {NodeQuestion::Kind::kPeer, target.path[2]},
            [call](const NodeAnswers& answers) {
              for (const NodeAnswer& answer : answers.answers) {
                if (!answer.entries.empty()) return call.ok(answer.entries.front().json);
              }
              refuse_missing(call, answers, "peer not found");
            });
}

void close_peer(const AdminCall& call, const AdminTarget& target, const std::string&) {
  constexpr std::uint64_t kFirst = 4000;
  constexpr std::uint64_t kLast = 4999;
  const bool has_code = target.query.count("code") != 0;
  const auto code = has_code ? parse_count(target.value("code"), kLast) : kFirst;
  if (!code || *code < kFirst) return call.refuse(400, "code must be from 4000 to 4999");
  const std::string_view reason = target.value("reason");
  if (reason.size() > kLongestReason) {
    return call.refuse(400, "reason must be at most 123 bytes long");
  }
  NodeQuestion question{NodeQuestion::Kind::kClose, target.path[2]};
  question.code = static_cast<std::uint16_t>(*code);
  question.reason = reason;
  ask_nodes(call, Wanted::kFirst, std::move(question),
            [call, name = target.path[2]](const NodeAnswers& answers) {
              if (!is_found(answers)) return refuse_missing(call, answers, "peer not found");
              call.log_change("closes a peer", name);
              call.ok("{\"closed\":true}");
            });
}

}  // namespace peer
