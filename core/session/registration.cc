#include "core/session/registration.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "core/base/log.h"
#include "core/protocol/json_text.h"
#include "core/session/auth_rules.h"
#include "core/session/authentication.h"
#include "core/session/foreign_session.h"
#include "core/session/membership.h"
#include "core/session/renewal.h"
#include "core/session/replies.h"
#include "core/session/resume.h"
#include "core/session/turned_away.h"

// From the first message to `registered` (docs/protocol.md, "First message"): read, room left?,
// auth plugin, broker, admission; any of them may end it with an error and a close. Steps that
// answer later continue on the session's loop.
namespace peer {
namespace {

// As far as a session keeps it. Of a native session it is of no use.
Fingerprint secret_of(const Session& session) {
  Fingerprint secret;
  if (!session.foreign) return secret;
  const auto& mark = foreign_of(session).secret_mark;
  std::copy(mark.begin(), mark.end(), secret.bytes.begin());
  return secret;
}

// Whether its alias may lead to it. To claim an automatic one that nobody could use takes 77 bytes.
bool wants_alias(const Session& session) {
  return !session.foreign || foreign_of(session).unlisted_home().empty() ||
         session.registration->alias;
}

void admit(Node& node, Session& session, const Inheritance& inheritance);
void ask_auth(Node& node, Session& session, const std::string& response);

// The entry of the list `auth` whose turn it is.
const AuthEntry& asked(const Node& node, const Registration& registration) {
  return node.auths[registration.auth_entry];
}

void grant(Node& node, Session& session, sdk::AuthGrant&& granted) {
  Registration& registration = *session.registration;
  if (session.foreign) limit_to_foreign(granted);
  if (!granted.identity && registration.public_key.empty()) {
    return refuse_first_message(node, session, 400, "public_key required");
  }
  // From here on the peer is who the plugin says, whatever key the client has shown.
  session.fingerprint = fingerprint_by(granted, fingerprint_of(registration.public_key));
  if (is_banned(node, session)) return refuse_banned(node, session);
  session.has_identity = granted.identity.has_value();
  session.proved = granted.proved;
  session.auth_entry = static_cast<std::uint16_t>(registration.auth_entry);
  if (granted.alias && is_sound_alias(node.bounds(), *granted.alias)) {
    registration.alias = granted.alias;
  } else if (granted.alias) {
    asked(node, registration).calls.fault("authenticate", "granted an alias that no peer may have");
  }
  session.set_alias(registration.alias.value_or(std::string()));
  session.meta.merge(registration.meta);
  session.rights = rights_of(granted, asked(node, registration).calls.name());
  registration.granted = true;
  set_expiry(session, granted);
  keep_grant(node, session, std::move(granted));
  admit(node, session, {});
}

bool takes_tokens(const Node& node) {
  return std::any_of(node.auths.begin(), node.auths.end(),
                     [](const AuthEntry& entry) { return entry.traits.takes_tokens; });
}

void reject(Node& node, Session& session, std::string_view text) {
  turn_away(node, session, Refusal::kAuth,
            "the auth plugin '" + asked(node, *session.registration).calls.name() +
                "' rejects it: " + quoted_for_log(text),
            {401, text, CloseCode::kAuthFailed});
}

void challenge(Node& node, Session& session, sdk::AuthChallenge challenge) {
  if (session.foreign) {
    return turn_away(node, session, Refusal::kAuth,
                     "it speaks a dialect, which has no words for a challenge",
                     {401, kAuthFailed, CloseCode::kAuthFailed});
  }
  Registration& registration = *session.registration;
  registration.challenged = true;
  registration.challenge_context = std::move(challenge.context);
  reply(session, "auth_challenge", registration.id, challenge.payload);
}

// The next of the list is asked as if it were the first: a challenge, and the answer to it, are the
// business of the one that made it.
void pass(Node& node, Session& session) {
  Registration& registration = *session.registration;
  const AuthEntry& entry = asked(node, registration);
  if (!entry.traits.may_pass) {
    entry.calls.fault("authenticate", "passed, though it says that it never does");
    return reject(node, session, kAuthFailed);
  }
  if (registration.auth_entry + 1 == node.auths.size()) {
    return turn_away(node, session, Refusal::kAuth,
                     "every auth plugin passes: it shows nothing that one of them judges" +
                         std::string(takes_tokens(node) ? ", such as a token" : ""),
                     {401, kAuthFailed, CloseCode::kAuthFailed});
  }
  ++registration.auth_entry;
  registration.challenge_context.clear();
  ask_auth(node, session, {});
}

void obey(Node& node, Session& session, sdk::AuthVerdict&& verdict) {
  if (std::holds_alternative<sdk::AuthPass>(verdict)) return pass(node, session);
  if (auto* granted = std::get_if<sdk::AuthGrant>(&verdict)) {
    grant(node, session, std::move(*granted));
  } else if (auto* asked = std::get_if<sdk::AuthChallenge>(&verdict)) {
    challenge(node, session, std::move(*asked));
  } else {
    reject(node, session, std::get<sdk::AuthRejection>(verdict).message);
  }
}

void ask_auth(Node& node, Session& session, const std::string& response) {
  const Registration& registration = *session.registration;
  ask_auth(node, session, asked(node, registration),
           {registration.payload, session.registration, response},
           [&node](Session& there, sdk::AuthVerdict&& verdict) {
             obey(node, there, std::move(verdict));
           });
}

// `token`: of its session; empty: it has none that may be resumed.
void complete(Node& node, Session& session, const std::string& token) {
  session.stage = session.foreign ? Session::Stage::kForeign : Session::Stage::kRegistered;
  session.set_registered_at(session.loop().wall().time_since_epoch().count());
  // The limits of unregistered connections do not count it any more.
  session.transport()->mark_registered();
  session.holds_alias =
      // Other nodes were asked already (take_outcome). On this node another peer may still be
      // quicker.
      session.holds_alias && wants_alias(session) &&
      node.peers.claim_alias(session.alias(), session.fingerprint);
  const std::string id = std::move(session.registration->id);
  const bool wants_ice_servers = session.registration->wants_ice_servers;
  session.registration.reset();
  await_renewal(session);
  reply_registered(session, id, session_member(node, token),
                   wants_ice_servers ? &node.config().ice_servers : nullptr);
  // `registered` itself is none of the messages that count.
  if (!token.empty()) session.transport()->count_messages();
  if (node.events.wanted(EventKind::kRegister)) {
    tell_event(node, session, EventKind::kRegister,
               ",\"address\":" + json_string(session.address()));
  }
  if (log_debug_enabled()) {
    log_debug("registered",
              {{"peer", to_hex(session.fingerprint)}, {"address", session.address()}});
  }
}

// What the other nodes say to it.
void take_outcome(Node& node, Session& session, const sdk::RegisterOutcome& outcome) {
  if (outcome.too_often) return refuse_too_often(node, session);
  if (outcome.cluster_full) return refuse_cluster_full(node, session);
  if (outcome.proof_required) return refuse_unproved(node, session);
  const auto go_on = [&node, alias_taken = outcome.alias_taken](Session& there,
                                                                const std::string& token) {
    there.holds_alias = !alias_taken && !there.registration->alias_lost;
    complete(node, there, token);
  };
  const std::string token =
      session.registration->wants_resume ? make_resumable(node, session) : std::string();
  if (token.empty() || !node.others.move_sessions()) return go_on(session, token);
  // As soon as the client has it, it may come to any node with it.
  const std::array tokens{session.resumable->token};
  node.others.set_session_tokens(session.loop(), session.registered(), tokens,
                                 [go_on, operation = session.hold(), token](bool) {
                                   if (Session* there = session_of(operation)) go_on(*there, token);
                                 });
}

// The fingerprint is this session's now; only its alias may still be somebody else's.
void tell_broker(Node& node, Session& session) {
  // Before the broker is asked: if the session ends meanwhile, end_session() must take back what is
  // said here.
  session.admitted = true;
  if (const auto left = node.left_buckets.take(session.fingerprint)) session.tokens = *left;
  // The broker tells two registrations of one fingerprint apart by it.
  session.registration_number = ++node.last_registration;
  if (node.others.none()) return take_outcome(node, session, {});
  const AliasText alias = session.alias();
  node.others.register_peer(
      session.loop(), session.registered(),
      wants_alias(session) ? std::string_view(alias) : std::string_view(), session.proved,
      session.foreign ? &session.registration->secret : nullptr,
      [&node, operation = session.hold()](const sdk::RegisterOutcome& outcome) {
        if (Session* there = session_of(operation)) take_outcome(node, *there, outcome);
      });
}

// The newcomer went before it could take over what the peer that it replaced has left.
void abandon(Node& node, const Fingerprint& fingerprint, const Inheritance& inheritance) {
  if (inheritance.seat) node.peers.release_seat();
  // The older registration has left its tokens for the newcomer (end_session). Nobody needs them
  // now.
  if (!node.peers.present(fingerprint)) static_cast<void>(node.left_buckets.take(fingerprint));
}

// Nullopt: who has the fingerprint keeps it.
void take_place(Node& node, Session& session, const std::optional<Inheritance>& inheritance) {
  if (!inheritance) return refuse_unproved(node, session);
  admit(node, session, *inheritance);
}

// The fingerprint is another session's: that one ends first, on its own loop, and what it held
// (its place, its count of replacements) goes over to the newcomer.
void replace(Node& node, Session& newcomer, SessionRef present) {
  EventLoop& new_loop = newcomer.loop();
  EventLoop& old_loop = node.loop_of(present);
  // Nullopt: the present one stays.
  const auto end_present = [&node, &old_loop, present, proved = newcomer.proved,
                            secret = secret_of(newcomer)]() -> std::optional<Inheritance> {
    Session* older = find_session(old_loop, present);
    // It has ended on its own by the time that this runs.
    if (older == nullptr || !older->admitted) return Inheritance();
    if (older->proved && !proved) return std::nullopt;
    if (older->foreign && !is_same_in_constant_time(secret_of(*older), secret)) return std::nullopt;
    const Inheritance inheritance = end_session(node, *older, Ending::kReplaced);
    older->close(CloseCode::kReplaced, "replaced by a newer connection");
    return inheritance;
  };
  if (&old_loop == &new_loop) return take_place(node, newcomer, end_present());

  newcomer.home().replacing.push_back(newcomer.ref());
  old_loop.post([&node, &new_loop, end_present, operation = newcomer.hold(),
                 home = &newcomer.home(), ref = newcomer.ref(),
                 fingerprint = newcomer.fingerprint]() mutable {
    const std::optional<Inheritance> inheritance = end_present();
    new_loop.post([&node, operation = std::move(operation), home, ref, fingerprint, inheritance] {
      std::erase(home->replacing, ref);
      if (Session* there = session_of(operation)) return take_place(node, *there, inheritance);
      if (inheritance) abandon(node, fingerprint, *inheritance);
    });
  });
}

void admit(Node& node, Session& session, const Inheritance& inheritance) {
  const PeerDirectory::AdmissionResult result =
      node.peers.admit(session.fingerprint, session.ref(), inheritance);
  switch (result.admission) {
    case PeerDirectory::Admission::kAdmitted:
      return tell_broker(node, session);
    case PeerDirectory::Admission::kFull:
      return refuse_full(node, session);
    case PeerDirectory::Admission::kPresent:
      break;
  }
  if (inheritance.seat) node.peers.release_seat();  // somebody was quicker: replace that one
  if (result.inheritance.too_many(session.loop().now())) return refuse_too_often(node, session);
  replace(node, session, result.present);
}

void count(const Session& session, MessageType type) {
  session.home().messages[static_cast<std::size_t>(type)].add();
}

void begin(Node& node, Session& session, const Message& message, const RegisterRequest& request) {
  Registration& registration = *session.registration;
  // Checked before the auth plugin is asked, which may cost much, and again by admit(), which
  // decides. Who an identity makes of the peer, one that is here already maybe, is not known yet.
  const bool is_known = !node.grants_identities && !request.public_key.empty();
  if (is_known && node.peers.full() && !node.peers.present(fingerprint_of(request.public_key))) {
    return refuse_full(node, session);
  }
  registration.payload = message.payload;
  registration.public_key = request.public_key;
  if (request.alias) registration.alias = std::string(*request.alias);
  registration.meta = request.meta;
  registration.wants_ice_servers = request.wants_ice_servers;
  registration.wants_resume = request.wants_resume;
  session.stage = Session::Stage::kRegistering;
  ask_auth(node, session, {});
}

}  // namespace

void register_foreign(Node& node, ForeignSession& session, ForeignClient client) {
  if (is_banned(node, session)) return refuse_banned(node, session);
  Registration& registration = *session.registration;
  if (node.peers.full() && !node.peers.present(fingerprint_of(client.public_key))) {
    return refuse_full(node, session);
  }
  registration.payload = "{\"public_key\":" + json_string(client.public_key) + "}";
  registration.public_key = std::move(client.public_key);
  registration.meta = std::move(client.meta);
  registration.secret = client.secret;
  ask_auth(node, session, {});
}

void handle_first_message(Node& node, Session& session, std::string_view text) {
  MessageParser& parser = session.home().parser;
  Message message;
  const std::optional<std::string_view> problem = parser.parse(text, message);
  const bool well_formed = !problem;
  // Every error from here on echoes the id of the latest message.
  session.registration->id = message.id;
  const bool answers_challenge =
      session.stage == Session::Stage::kRegistering && session.registration->challenged;
  if (answers_challenge && well_formed && message.type == MessageType::kAuthResponse) {
    // One answer for each challenge: the plugin may send the next one.
    session.registration->challenged = false;
    count(session, message.type);
    return ask_auth(node, session, std::string(message.payload));
  }
  const bool is_first = session.stage == Session::Stage::kConnected;
  if (is_first && well_formed && message.type == MessageType::kResume) {
    count(session, message.type);
    return handle_resume(node, session, message);
  }
  if (!well_formed || message.type != MessageType::kRegister || !is_first) {
    std::string_view due = problem.value_or("first message must be register");
    if (answers_challenge) due = "auth_response expected";
    return refuse_first_message(node, session, 400, due);
  }
  count(session, message.type);
  RegisterRequest request;
  if (const auto wrong = parser.read(message, node.bounds(), request)) {
    return refuse_first_message(node, session, 400, *wrong);
  }
  begin(node, session, message, request);
}

namespace {

// The deadline of a registering session is that of its registration, or, once there is a grant,
// the end of that.
void time_out_registering(Node& node, Session& session) {
  if (session.registration->granted) {
    return turn_away(node, session, Refusal::kAuth, "its grant has ended before it was registered",
                     {401, kAuthExpired, CloseCode::kAuthFailed});
  }
  if (session.registration->challenged) {
    return refuse_late(node, session, "no auth_response within pong_wait");
  }
  turn_away(node, session, Refusal::kAuth,
            "the auth plugin '" + asked(node, *session.registration).calls.name() +
                "' has not answered within pong_wait",
            {401, "authentication timed out", CloseCode::kAuthFailed});
}

}  // namespace

void handle_deadline(Node& node, Session& session) {
  switch (session.stage) {
    case Session::Stage::kConnected:
      return refuse_late(node, session, "no register within pong_wait");
    case Session::Stage::kRegistering:
      return time_out_registering(node, session);
    case Session::Stage::kRegistered:
    case Session::Stage::kForeign:
      return handle_grant_deadline(node, session);
    case Session::Stage::kGone:
      return;
  }
}

}  // namespace peer
