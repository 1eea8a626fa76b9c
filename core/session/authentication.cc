#include "core/session/authentication.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/cluster/ask.h"
#include "core/protocol/json_text.h"
#include "core/protocol/json_value.h"
#include "core/session/auth_rules.h"

// In: a register message with the head of its upgrade, or a token of a registered peer, on the loop
// of its session. Out: the verdict of one auth plugin, checked, on that loop. The plugin may answer
// from any thread; ask() (core/cluster/ask.h) brings the answer home.
namespace peer {
namespace {

// What plugins see of the two texts, parsed when the first of them asks. One thread.
class ParsedFields final : public sdk::AuthFields {
 public:
  // Both are JSON, or empty, and outlive this.
  ParsedFields(std::string_view payload, std::string_view response)
      : payload_text_(payload), response_text_(response) {}

  [[nodiscard]] const sdk::Value& payload() const override {
    return parsed(payload_text_, payload_);
  }
  [[nodiscard]] const sdk::Value& response() const override {
    return parsed(response_text_, response_);
  }

 private:
  static const sdk::Value& parsed(std::string_view text, std::optional<sdk::Value>& value) {
    // As deep as `criteria` may be (docs/protocol.md, "Bounds").
    constexpr std::size_t kDeepest = 64;
    if (value) return *value;
    value.emplace();
    // The payload is sound JSON, but may be too deep. Plugins see null then.
    const bool whole =
        !text.empty() && parse_json_value(text, kDeepest, *value) == ValueFault::kNone;
    if (!whole) value.emplace();
    return *value;
  }

  const std::string_view payload_text_;
  const std::string_view response_text_;
  mutable std::optional<sdk::Value> payload_;
  mutable std::optional<sdk::Value> response_;
};

// Without what the plugin's revision did not know: there it has any bytes.
void forget_unknown(const AuthEntry& entry, sdk::AuthVerdict& verdict) {
  auto* granted = std::get_if<sdk::AuthGrant>(&verdict);
  if (granted != nullptr && entry.revision < 2) {
    granted->lists_namespaces = false;
    granted->proved = false;
  }
}

// An identity that the entry has not announced could be that of another entry's peer.
const char* fault_in(const AuthEntry& entry, const sdk::AuthVerdict& verdict) {
  const auto* granted = std::get_if<sdk::AuthGrant>(&verdict);
  if (granted == nullptr || !granted->identity || entry.revision < 2) return nullptr;
  const std::optional<std::string>& prefix = entry.traits.identity_prefix;
  const bool announced = prefix && granted->identity->starts_with(*prefix);
  return announced ? nullptr : "granted an identity that does not begin with its identity_prefix()";
}

// Nonsense is logged, and a rejection.
sdk::AuthVerdict&& believed(const AuthEntry& entry, sdk::AuthVerdict& verdict) {
  forget_unknown(entry, verdict);
  const char* fault = fault_of(verdict);
  if (fault == nullptr) fault = fault_in(entry, verdict);
  if (fault != nullptr) {
    entry.calls.fault("authenticate", fault);
    verdict = sdk::AuthRejection{std::string(kAuthFailed)};
  }
  return std::move(verdict);
}

// Hands a request to the plugin. It is made of views, and ends with the call: a plugin that answers
// later copies what it needs (sdk::AuthRequest).
void call_plugin(const Session& session, const AuthEntry& entry, const AuthQuestion& question,
                 sdk::AuthReply answer) {
  const std::string address = session.address();
  const ParsedFields fields(question.payload, question.response);
  sdk::AuthRequest request;
  request.payload = question.payload;
  request.remote_address = address;
  request.tls = session.transport() != nullptr && session.transport()->is_tls();
  request.response = question.response;
  request.parsed = &fields;
  request.refreshes = question.refreshes;
  request.granted = question.granted;
  if (const Registration* registration = question.registration.get()) {
    request.origin = registration->origin;
    request.query = registration->query;
    request.headers = registration->headers;
    request.context = registration->challenge_context;
    request.peer = question.registration;
  }
  entry.plugin.authenticate(request, std::move(answer));
}

}  // namespace

void ask_auth(Node& node, Session& session, const AuthEntry& entry, const AuthQuestion& question,
              UniqueTask<void(Session& session, sdk::AuthVerdict&& verdict)> then) {
  ask<sdk::AuthVerdict>(
      session.loop(), {entry.calls, "authenticate", node.config().pong_wait},
      sdk::AuthRejection{std::string(kAuthFailed)},
      [&](sdk::AuthReply answer) { call_plugin(session, entry, question, std::move(answer)); },
      [&entry, operation = session.hold(),
       then = std::move(then)](sdk::AuthVerdict&& said) mutable {
        Session* there = session_of(operation);
        if (there != nullptr) then(*there, believed(entry, said));
      });
}

void ask_auth_beside(Node& node, Session& session, const AuthEntry& entry,
                     const AuthQuestion& question, milliseconds deadline,
                     UniqueTask<void(Session& session, sdk::AuthVerdict&& verdict)> then) {
  EventLoop& loop = session.loop();
  deadline = std::min<milliseconds>(node.config().pong_wait, deadline);
  ask<sdk::AuthVerdict>(
      loop, {entry.calls, "authenticate", deadline}, sdk::AuthPass{},
      [&](sdk::AuthReply answer) { call_plugin(session, entry, question, std::move(answer)); },
      [&entry, &loop, ref = session.ref(),
       then = std::move(then)](sdk::AuthVerdict&& said) mutable {
        Session* there = find_session(loop, ref);
        if (there == nullptr || !there->is_open()) return;
        then(*there, believed(entry, said));
      });
}

void limit_to_foreign(sdk::AuthGrant& granted) {
  granted.identity.reset();
  granted.proved = false;
}

Fingerprint fingerprint_by(const sdk::AuthGrant& granted, const Fingerprint& of_public_key) {
  return granted.identity ? fingerprint_of_identity(*granted.identity) : of_public_key;
}

bool is_of(const Session& session, const sdk::AuthGrant& granted) {
  return granted.identity.has_value() == session.has_identity &&
         fingerprint_by(granted, session.fingerprint) == session.fingerprint;
}

std::unique_ptr<Rights> rights_of(const sdk::AuthGrant& granted, const std::string& granted_by) {
  const bool names = granted.lists_namespaces || !granted.namespaces.empty();
  if (!names && !granted.rate_per_second && granted.may_create_rooms) return nullptr;
  auto rights = std::make_unique<Rights>();
  if (names) rights->namespaces = granted.namespaces;
  rights->rate_per_second = granted.rate_per_second;
  rights->may_create_rooms = granted.may_create_rooms;
  rights->granted_by = &granted_by;
  return rights;
}

void set_expiry(Session& session, const sdk::AuthGrant& granted) {
  const EventLoop& loop = session.loop();
  session.set_deadline(granted.expires ? loop.now() + (*granted.expires - loop.wall()) : kNever);
}

std::string quoted_for_log(std::string_view text) {
  constexpr std::size_t kMost = 120;
  if (text.size() <= kMost) return json_string(text);
  std::size_t end = kMost;
  while ((text[end] & 0xC0) == 0x80) --end;  // within a character: before its first byte
  return json_string(text.substr(0, end)) + "...";
}

}  // namespace peer
