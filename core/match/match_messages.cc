#include "core/match/match_messages.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <system_error>

#include "core/base/random.h"
#include "core/base/utf8.h"
#include "core/hub/peer_page.h"
#include "core/protocol/json_bytes.h"
#include "core/protocol/json_text.h"
#include "core/wire/frame_text.h"

namespace peer {
namespace {

// Of `matched` beside the peers and the names: its words, the session, a request's id and the time.
constexpr std::size_t kMatchedRest = 640;

// What the object of most peers takes at most.
constexpr std::size_t kUsualObject = 192;

/// A namespace's name as a JSON string. `matched` has it twice, and it is looked at once for what
/// is to be escaped.
class JsonName {
 public:
  explicit JsonName(std::string_view name) : plain_(name) {
    const char* const end = name.data() + name.size();
    if (find_string_special(name.data(), end) != end) escaped_ = json_string(name);
  }
  [[nodiscard]] std::size_t size() const {
    return escaped_.empty() ? plain_.size() + 2 : escaped_.size();
  }
  /// `Out`: a std::string or a FrameBuilder.
  template <typename Out>
  void append_to(Out& out) const {
    if (escaped_.empty()) {
      out.append("\"").append(plain_).append("\"");
    } else {
      out.append(escaped_);
    }
  }

 private:
  std::string_view plain_;
  std::string escaped_;  // empty: nothing is to be
};

// Up to the peers.
template <typename Out>
void begin_payload(Out& out, const JsonName& ns, std::string_view session_id) {
  out.append("{\"namespace\":");
  ns.append_to(out);
  out.append(",\"session_id\":\"").append(session_id).append("\",\"peers\":[");
}

template <typename Out>
void end_payload(Out& out, std::string_view teams) {
  if (teams.empty()) {
    out.append("]}");
  } else {
    out.append("],\"teams\":").append(teams).append("}");
  }
}

// The envelope up to the payload.
void begin_matched(FrameBuilder& out, const JsonName& ns, std::string_view request_id) {
  out.append("{\"type\":\"matched\"");
  if (!request_id.empty()) out.append(",\"id\":").append(request_id);
  out.append(",\"namespace\":");
  ns.append_to(out);
  out.append(",\"payload\":");
}

FrameRef end_matched(FrameBuilder& out, sdk::Instant now) {
  return append_ts(out, now).append("}").finish(Opcode::kText);
}

// The payload begins at `begin`, and ends here.
Matched end_matched_with_payload(FrameBuilder& builder, std::size_t begin, sdk::Instant now) {
  const std::size_t size = builder.size() - begin;
  FrameRef frame = end_matched(builder, now);
  const auto* const text = reinterpret_cast<const char*>(frame.payload().data());
  return {std::move(frame), {text + begin, size}};
}

// What the peers of a match may take, with a comma each. The name stands in the message twice: in
// the envelope and in the payload.
std::size_t room_for_peers(const JsonName& ns, std::string_view teams, std::size_t max_size) {
  const std::size_t overhead = kMatchedRest + 2 * ns.size() + teams.size();
  return max_size - std::min(max_size, overhead);
}

}  // namespace

SessionId new_session_id() {
  SessionId id;
  write_random_hex(id);
  return id;
}

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

std::string matched_payload(std::string_view name, std::string_view session_id,
                            const std::vector<std::string>& peer_objects, std::size_t max_size,
                            std::string_view teams) {
  const JsonName ns(name);
  std::vector<ObjectView> objects;
  objects.reserve(peer_objects.size());
  std::copy_if(peer_objects.begin(), peer_objects.end(), std::back_inserter(objects),
               [](const std::string& object) { return !object.empty(); });
  // All peers of a match must be listed, so the page loses `meta` and never a peer.
  const PageLimit limit{objects.size(), room_for_peers(ns, teams, max_size), true};
  const std::string peers = make_page(objects, limit).peers;
  std::string payload;
  payload.reserve(64 + ns.size() + session_id.size() + peers.size() + teams.size());
  begin_payload(payload, ns, session_id);
  payload.append(peers);
  end_payload(payload, teams);
  return payload;
}

FrameRef matched_frame(std::string_view name, std::string_view payload, std::string_view request_id,
                       sdk::Instant now) {
  const JsonName ns(name);
  FrameBuilder builder(payload.size() + 2 * ns.size() + request_id.size() + 96);
  begin_matched(builder, ns, request_id);
  builder.append(payload);
  return end_matched(builder, now);
}

Matched matched_of(std::string_view name, std::string_view payload, sdk::Instant now) {
  const JsonName ns(name);
  FrameBuilder builder(payload.size() + 2 * ns.size() + 96);
  begin_matched(builder, ns, {});
  const std::size_t begin = builder.size();
  builder.append(payload);
  return end_matched_with_payload(builder, begin, now);
}

namespace {

// `where`: the namespace, or its name.
template <typename Where>
Matched matched_among(const NamespaceDirectory& namespaces, const Where& where,
                      std::string_view name, std::string_view session_id,
                      const std::vector<Fingerprint>& peers, std::size_t max_size,
                      std::string_view teams, sdk::Instant now) {
  const JsonName ns(name);
  FrameBuilder builder(192 + 2 * ns.size() + peers.size() * kUsualObject + teams.size());
  begin_matched(builder, ns, {});
  const std::size_t begin = builder.size();
  begin_payload(builder, ns, session_id);
  const std::size_t before = builder.size();
  namespaces.append_objects(builder, where, peers);
  // Nearly always they fit, and need no page that is copied.
  if (builder.size() - before >= room_for_peers(ns, teams, max_size)) {
    const auto objects = namespaces.objects(name, peers);
    return matched_of(name, matched_payload(name, session_id, objects, max_size, teams), now);
  }
  end_payload(builder, teams);
  return end_matched_with_payload(builder, begin, now);
}

}  // namespace

Matched matched_of(const NamespaceDirectory& namespaces, std::string_view name,
                   std::string_view session_id, const std::vector<Fingerprint>& peers,
                   std::size_t max_size, std::string_view teams, sdk::Instant now) {
  return matched_among(namespaces, name, name, session_id, peers, max_size, teams, now);
}

Matched matched_of(const NamespaceDirectory& namespaces, const Namespace& ns,
                   std::string_view session_id, const std::vector<Fingerprint>& peers,
                   std::size_t max_size, std::string_view teams, sdk::Instant now) {
  return matched_among(namespaces, ns, ns.name, session_id, peers, max_size, teams, now);
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
