#include "core/match/match_rules.h"

#include <variant>

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

}  // namespace peer
