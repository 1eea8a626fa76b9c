#include "core/match/match_messages.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <system_error>

#include "core/base/random.h"
#include "core/base/utf8.h"
#include "core/hub/peer_page.h"
#include "core/protocol/json_text.h"
#include "core/wire/frame_text.h"

namespace peer {
namespace {

// Of `matched` beside the peers and the names: its words, the session, a request's id and the time.
constexpr std::size_t kMatchedRest = 640;

// What the object of most peers takes at most.
constexpr std::size_t kUsualObject = 384;

// Up to the peers. `room`: for all that follows.
std::string begin_payload(std::string_view ns, std::string_view session_id, std::size_t room) {
  std::string payload;
  payload.reserve(64 + ns.size() + session_id.size() + room);
  payload.append("{\"namespace\":");
  append_json_string(payload, ns);
  payload.append(",\"session_id\":\"").append(session_id).append("\",\"peers\":[");
  return payload;
}

void end_payload(std::string& payload, std::string_view teams) {
  payload.push_back(']');
  if (!teams.empty()) payload.append(",\"teams\":").append(teams);
  payload.push_back('}');
}

// What the peers of a match may take, with a comma each. The name stands in the message twice: in
// the envelope and in the payload.
std::size_t room_for_peers(std::string_view ns, std::string_view teams, std::size_t max_size) {
  const std::size_t overhead = kMatchedRest + 2 * json_string(ns).size() + teams.size();
  return max_size - std::min(max_size, overhead);
}

}  // namespace

std::string new_session_id() { return random_hex(16); }

void tell_match(Events* events, std::string_view ns, std::string_view session_id,
                const std::vector<Fingerprint>& peers, sdk::Instant now) {
  if (events == nullptr || !events->wanted(EventKind::kMatch)) return;
  std::string members = "\"namespace\":" + json_string(ns);
  members.append(",\"session_id\":\"").append(session_id).append("\",\"peers\":[");
  for (const Fingerprint& peer : peers) {
    members.append(members.back() == '[' ? "\"" : ",\"").append(to_hex(peer)).append("\"");
  }
  events->tell(EventKind::kMatch, members + "]", now);
}

std::string matched_payload(std::string_view ns, std::string_view session_id,
                            const std::vector<std::string>& peer_objects, std::size_t max_size,
                            std::string_view teams) {
  std::vector<ObjectView> objects;
  objects.reserve(peer_objects.size());
  std::copy_if(peer_objects.begin(), peer_objects.end(), std::back_inserter(objects),
               [](const std::string& object) { return !object.empty(); });
  // All peers of a match must be listed, so the page loses `meta` and never a peer.
  const PageLimit limit{objects.size(), room_for_peers(ns, teams, max_size), true};
  const std::string peers = make_page(objects, limit).peers;
  std::string payload = begin_payload(ns, session_id, peers.size() + teams.size());
  payload.append(peers);
  end_payload(payload, teams);
  return payload;
}

std::string matched_payload(const NamespaceDirectory& namespaces, std::string_view ns,
                            std::string_view session_id, const std::vector<Fingerprint>& peers,
                            std::size_t max_size, std::string_view teams) {
  std::string payload = begin_payload(ns, session_id, peers.size() * kUsualObject + teams.size());
  const std::size_t begin = payload.size();
  namespaces.append_objects(payload, ns, peers);
  const std::size_t objects = payload.size() - begin;
  // Nearly always they fit, however much of the name is escaped, and need no page that is copied.
  constexpr std::size_t kLongestEscape = 6;
  const std::size_t at_most = kMatchedRest + 2 * kLongestEscape * (ns.size() + 1) + teams.size();
  if (objects + at_most >= max_size && objects >= room_for_peers(ns, teams, max_size)) {
    return matched_payload(ns, session_id, namespaces.objects(ns, peers), max_size, teams);
  }
  end_payload(payload, teams);
  return payload;
}

FrameRef matched_frame(std::string_view ns, std::string_view payload, std::string_view request_id,
                       sdk::Instant now) {
  FrameBuilder builder(payload.size() + 2 * ns.size() + request_id.size() + 96);
  builder.append("{\"type\":\"matched\"");
  if (!request_id.empty()) builder.append(",\"id\":").append(request_id);
  builder.append(",\"namespace\":");
  append_json_string(builder, ns).append(",\"payload\":").append(payload);
  append_ts(builder, now).append("}");
  return builder.finish(Opcode::kText);
}

FrameRef match_expired_frame(std::string_view ns, sdk::TicketId ticket) {
  return text_frame("{\"type\":\"match_expired\",\"payload\":{\"ticket\":\"" +
                    std::to_string(ticket) + "\",\"namespace\":" + json_string(ns) + "}}");
}

// "r party is complete"; "w 12 3400": twelve wait, 3.4 s is the estimate.
std::string write_word(const TicketWord& word) {
  if (word.refusal) return "r " + *word.refusal;
  if (!word.forecast) return {};
  std::string text = "w " + std::to_string(word.forecast->waiting);
  if (word.forecast->estimate) text += ' ' + std::to_string(word.forecast->estimate->count());
  return text;
}

TicketWord read_word(std::string_view text) {
  TicketWord word;
  const std::string_view rest = text.substr(std::min<std::size_t>(2, text.size()));
  if (text.starts_with("r ")) {
    word.refusal = is_valid_utf8(rest) ? std::string(rest) : "refused";
  } else if (text.starts_with("w ")) {
    sdk::MatchForecast forecast;
    const char* end = rest.data() + rest.size();
    const auto waiting = std::from_chars(rest.data(), end, forecast.waiting);
    if (waiting.ec != std::errc()) return word;
    std::int64_t estimate = 0;
    if (waiting.ptr != end && std::from_chars(waiting.ptr + 1, end, estimate).ec == std::errc()) {
      forecast.estimate = std::chrono::milliseconds(estimate);
    }
    word.forecast = forecast;
  }
  return word;
}

}  // namespace peer
