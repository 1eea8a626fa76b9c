#pragma once

#include <string>
#include <vector>

#include "core/admin/admin_call.h"
#include "core/protocol/json_scan.h"
#include "core/protocol/payload_reader.h"

namespace peer {

/// The body of a request that must be one JSON object; the text outlives it. When it is not, the
/// request is refused with 400, and `sound` is false. Then nothing else may be answered. Faults of
/// single fields are not in `sound`: read all, then ask fields.error(). On the loop of the API.
struct JsonBody {
  JsonBody(const AdminCall& call, const std::string& text);

  TextArena texts;
  std::vector<JsonMember> members;
  PayloadReader fields;
  bool sound;
};

}  // namespace peer
