#include "core/match/match_rules.h"

#include <cstdint>
#include <variant>

#include "core/base/utf8.h"

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
  return {request.group_size, request.criteria, request.criteria_key, request.fields};
}

bool same_request(const MatchRequest& a, const MatchRequest& b) {
  return a.group_size == b.group_size && a.criteria_key == b.criteria_key &&
         own_fields(a) == own_fields(b);
}

MatchJudgement judge(const sdk::MatchStrategy& strategy, PluginCalls& calls,
                     const MatchRequest& request) {
  MatchJudgement judgement;
  judgement.failed =
      !calls.run("check", [&] { judgement.refusal = strategy.check(view_of(request)); });
  if (!judgement.refusal) return judgement;
  std::string& words = *judgement.refusal;
  if (!is_valid_utf8({reinterpret_cast<const std::uint8_t*>(words.data()), words.size()})) {
    calls.fault("check", "refused in words that are not UTF-8");
    words = "refused";
  }
  return judgement;
}

std::unique_ptr<sdk::MatchQueue> make_queue(sdk::MatchStrategy& strategy, PluginCalls& calls) {
  std::unique_ptr<sdk::MatchQueue> queue;
  const bool returned = calls.run("make_queue", [&] { queue = strategy.make_queue(); });
  if (returned && queue == nullptr) calls.fault("make_queue", "returned no queue");
  return queue;
}

}  // namespace peer
