#include "core/match/match_messages.h"

#include <algorithm>

#include "core/base/random.h"
#include "core/hub/peer_page.h"
#include "core/protocol/json_text.h"

namespace peer {
namespace {

// Of `matched` beside the peers and the names: its words, the session, a request's id and the time.
constexpr std::size_t kMatchedRest = 640;

}  // namespace

std::string new_session_id() { return random_hex(16); }

std::string matched_payload(std::string_view ns, std::string_view session_id,
                            const std::vector<std::string>& peer_objects, std::size_t max_size) {
  const std::string name = json_string(ns);
  std::vector<std::string_view> objects;
  std::copy_if(peer_objects.begin(), peer_objects.end(), std::back_inserter(objects),
               [](const std::string& object) { return !object.empty(); });
  const std::size_t overhead = kMatchedRest + 2 * name.size();
  const PageLimit limit{objects.size(), max_size - std::min(max_size, overhead), true};
  std::string payload = "{\"namespace\":" + name;
  payload.append(",\"session_id\":\"").append(session_id).append("\",\"peers\":[");
  payload.append(make_page(objects, limit).peers).append("]}");
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
