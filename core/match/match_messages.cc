#include "core/match/match_messages.h"

#include "core/base/random.h"
#include "core/protocol/json_text.h"

namespace peer {

std::string new_session_id() { return random_hex(16); }

std::string matched_payload(std::string_view ns, std::string_view session_id,
                            const std::vector<std::string>& peer_objects) {
  std::string payload = "{\"namespace\":" + json_string(ns);
  payload.append(",\"session_id\":\"").append(session_id).append("\",\"peers\":[");
  for (const std::string& object : peer_objects) {
    if (object.empty()) continue;
    if (payload.back() != '[') payload.push_back(',');
    payload.append(object);
  }
  payload.append("]}");
  return payload;
}

FrameRef matched_frame(std::string_view ns, std::string_view payload, std::string_view request_id,
                       sdk::Instant now) {
  FrameBuilder builder(payload.size() + 2 * ns.size() + request_id.size() + 96);
  builder.append("{\"type\":\"matched\"");
  if (!request_id.empty()) builder.append(",\"id\":").append(request_id);
  builder.append(",\"namespace\":").append(json_string(ns));
  builder.append(",\"payload\":").append(payload);
  builder.append(",\"ts\":").append_number(now.time_since_epoch().count()).append("}");
  return builder.finish(Opcode::kText);
}

FrameRef match_expired_frame(std::string_view ns, sdk::TicketId ticket) {
  return text_frame("{\"type\":\"match_expired\",\"payload\":{\"ticket\":\"" +
                    std::to_string(ticket) + "\",\"namespace\":" + json_string(ns) + "}}");
}

}  // namespace peer
