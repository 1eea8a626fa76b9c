#include "core/match/match_rules.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>

#include "core/base/utf8.h"
#include "core/net/websocket/websocket_codec.h"

namespace peer {
namespace {

// A request's fields beyond the protocol's: what only the strategy knows.
sdk::Value own_fields(const MatchRequest& request) {
  sdk::Value fields = request.fields;
  if (auto* object = std::get_if<sdk::Value::Object>(&fields.data)) {
    for (const char* known : {"namespace", "group_size", "criteria", "timeout_ms"}) {
      object->erase(known);
    }
  }
  return fields;
}

}  // namespace

sdk::MatchRequest view_of(const MatchRequest& request) {
  static const sdk::Value kNone{sdk::Value::Object()};
  if (request.fields.is_null()) return {request.group_size, kNone, request.key(), kNone};
  return {request.group_size, request.criteria(), request.key(), request.fields};
}

bool same_request(const MatchRequest& a, const MatchRequest& b) {
  return a.group_size == b.group_size && a.key() == b.key() && own_fields(a) == own_fields(b);
}

std::string words_for_client(PluginCalls& calls, std::string words) {
  if (!is_valid_utf8(words)) {
    calls.fault("check", "refused in words that are not UTF-8");
    words = "refused";
  }
  return words;
}

std::optional<MatchRequest> read_sent_request(MessageParser& parser, const Bounds& bounds,
                                              std::string_view ns, std::string& text) {
  const std::size_t size = text.size();
  // The parser may read so far beyond the end of a text.
  text.resize(size + kReadPadding);
  Message message;
  MatchRequest request;
  const bool sound = !parser.parse_payload(std::string_view(text).substr(0, size), message) &&
                     !parser.read(message, bounds, request) && request.ns == ns;
  if (!sound) return std::nullopt;
  request.keep_fields(true);
  return request;
}

MatchJudgement judge(const Served<sdk::MatchStrategy>& by, MatchRequest& request) {
  MatchJudgement judgement;
  const sdk::MatchTraits& traits = by.said.traits;
  // Own fields are kept in any case: they tell requests apart (same_request()).
  request.keep_fields(traits.reads_values || request.has_own_fields);
  if (!traits.judges) return judgement;
  judgement.failed =
      !by.calls.run("check", [&] { judgement.refusal = by.plugin.check(view_of(request)); });
  if (judgement.refusal) {
    judgement.refusal = words_for_client(by.calls, std::move(*judgement.refusal));
  } else if (!judgement.failed && by.revision >= kSdkOfQueues) {
    std::uint32_t size = request.group_size;
    judgement.failed =
        !by.calls.run("group_size", [&] { size = by.plugin.group_size(view_of(request)); });
    // What the protocol's own group_size says has been checked.
    if (size != request.group_size && size > request.group_size_max) {
      judgement.refusal = "group too large";
    }
    request.group_size = size;
  }
  return judgement;
}

std::unique_ptr<sdk::MatchQueue> make_queue(const Served<sdk::MatchStrategy>& by,
                                            std::string_view ns) {
  std::unique_ptr<sdk::MatchQueue> queue;
  const bool returned = by.calls.run("make_queue", [&] {
    queue = by.revision >= kSdkOfQueues ? by.plugin.make_queue_of(ns) : by.plugin.make_queue();
  });
  if (returned && queue == nullptr) by.calls.fault("make_queue", "returned no queue");
  return queue;
}

bool are_teams_of(const Teams& teams, std::span<const sdk::TicketId> tickets) {
  if (teams.empty()) return true;
  std::vector<sdk::TicketId> members;
  for (const auto& team : teams) members.insert(members.end(), team.begin(), team.end());
  std::vector<sdk::TicketId> sorted(tickets.begin(), tickets.end());
  std::sort(members.begin(), members.end());
  std::sort(sorted.begin(), sorted.end());
  return members == sorted;
}

}  // namespace peer
