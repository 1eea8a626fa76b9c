#include <utility>

#include "core/base/log.h"
#include "core/cluster/ask.h"
#include "core/dispatch/auth_rules.h"
#include "core/dispatch/handlers.h"
#include "core/dispatch/replies.h"
#include "core/protocol/automatic_alias.h"

// From the first message to `registered` (docs/protocol.md, "First message"): read, room left?,
// auth plugin, broker, admission; any of them may end it with an error and a close. Steps that
// answer later continue on the connection's loop.
namespace peer {
namespace {

constexpr std::uint32_t kMaxReplacements = 20;
constexpr std::string_view kTooOften = "replaced too often";
constexpr milliseconds kReplacementWindow{10'000};

// Counted, and told in the log.
void note(Node& node, const Connection& connection, Refusal reason, const std::string& why) {
  node.admission.refusals().note(reason, connection.remote_address(), why, connection.loop().now());
}

void refuse(Connection& connection, int code, std::string_view text, CloseCode close_code) {
  const Peer& peer = peer_of(connection);
  reply_error(connection, peer.registration ? peer.registration->id : "", code, text);
  connection.close(close_code, text);
}

void refuse_full(Node& node, Connection& connection) {
  note(node, connection, Refusal::kMaxPeers,
       "server full, max_peers is " + std::to_string(node.config().max_peers));
  refuse(connection, 503, "server full", CloseCode::kTryAgainLater);
}

void refuse_cluster_full(Node& node, Connection& connection) {
  note(node, connection, Refusal::kMaxPeers, "the broker has no room for another peer");
  refuse(connection, 503, kClusterFullMessage, CloseCode::kTryAgainLater);
}

void refuse_too_often(Node& node, Connection& connection) {
  note(node, connection, Refusal::kReplacedTooOften,
       "clients with the same public_key replace each other over and over");
  connection.close(CloseCode::kTryAgainLater, kTooOften);
}

void refuse_first_message(Node& node, Connection& connection, std::string_view text) {
  note(node, connection, Refusal::kFirstMessage, "its first message: " + std::string(text));
  refuse(connection, 400, text, CloseCode::kPolicyViolation);
}

void admit(Node& node, Connection& connection, const Inheritance& inheritance);

void grant(Node& node, Connection& connection, sdk::AuthGrant granted) {
  Peer& peer = peer_of(connection);
  Registration& registration = *peer.registration;
  peer.fingerprint = fingerprint_of(granted.identity.value_or(registration.public_key));
  if (granted.alias && is_sound_alias(node.bounds(), *granted.alias)) {
    registration.alias = granted.alias;
  } else if (granted.alias) {
    node.auth_calls.fault("authenticate", "granted an alias that no peer may have");
  }
  peer.alias = registration.alias.value_or(automatic_alias(peer.fingerprint));
  peer.meta.merge(registration.meta);
  if (!granted.namespaces.empty() || granted.rate_per_second || !granted.may_create_rooms) {
    peer.rights = std::make_unique<Rights>(
        Rights{std::move(granted.namespaces), granted.rate_per_second, granted.may_create_rooms});
  }
  // Either the grant runs out one day, or nothing more is due.
  const EventLoop& loop = connection.loop();
  connection.set_deadline(granted.expires ? loop.now() + (*granted.expires - loop.wall()) : kNever);
  admit(node, connection, {});
}

void reject(Node& node, Connection& connection, std::string_view text) {
  note(node, connection, Refusal::kAuth,
       "the auth plugin '" + node.config().plugins.auth.name + "' rejects it");
  refuse(connection, 401, text, CloseCode::kAuthFailed);
}

void challenge(Connection& connection, sdk::AuthChallenge challenge) {
  Registration& registration = *peer_of(connection).registration;
  registration.challenged = true;
  registration.challenge_context = std::move(challenge.context);
  reply(connection, "auth_challenge", registration.id, challenge.payload);
}

void obey(Node& node, Connection& connection, sdk::AuthVerdict verdict) {
  if (const char* fault = fault_of(verdict)) {
    node.auth_calls.fault("authenticate", fault);
    return reject(node, connection, "authentication failed");
  }
  if (auto* granted = std::get_if<sdk::AuthGrant>(&verdict)) {
    grant(node, connection, std::move(*granted));
  } else if (auto* asked = std::get_if<sdk::AuthChallenge>(&verdict)) {
    challenge(connection, std::move(*asked));
  } else {
    reject(node, connection, std::get<sdk::AuthRejection>(verdict).message);
  }
}

void ask_auth(Node& node, Connection& connection, const std::string& response) {
  const Registration& registration = *peer_of(connection).registration;
  const std::string address = connection.remote_address().text();
  const sdk::AuthRequest request{registration.payload,
                                 address,
                                 connection.is_tls(),
                                 registration.origin,
                                 registration.query,
                                 registration.headers,
                                 response,
                                 registration.challenge_context};
  await<sdk::AuthVerdict>(
      connection, {node.auth_calls, "authenticate", node.config().pong_wait},
      sdk::AuthRejection{"authentication failed"},
      [&](sdk::AuthReply answer) { node.plugins.auth->authenticate(request, std::move(answer)); },
      [&node](Connection* still_there, sdk::AuthVerdict verdict) {
        if (still_there != nullptr) obey(node, *still_there, std::move(verdict));
      });
}

void complete(Node& node, Connection& connection) {
  Peer& peer = peer_of(connection);
  peer.stage = Peer::Stage::kRegistered;
  connection.mark_registered();
  peer.holds_alias = peer.holds_alias && node.peers.claim_alias(peer.alias, peer.fingerprint);
  const std::string id = std::move(peer.registration->id);
  peer.registration.reset();
  reply_registered(connection, peer, id);
  if (log_debug_enabled()) {
    log_debug("registered", {{"peer", to_hex(peer.fingerprint)},
                             {"address", connection.remote_address().text()}});
  }
}

// What the other nodes say to it.
void take_outcome(Node& node, Connection& connection, const sdk::RegisterOutcome& outcome) {
  if (outcome.too_often) return refuse_too_often(node, connection);
  if (outcome.cluster_full) return refuse_cluster_full(node, connection);
  Peer& peer = peer_of(connection);
  peer.holds_alias = !outcome.alias_taken && !peer.registration->alias_lost;
  complete(node, connection);
}

// The fingerprint is this connection's now; only its alias may still be somebody else's.
void tell_broker(Node& node, Connection& connection) {
  Peer& peer = peer_of(connection);
  peer.admitted = true;
  peer.registration_number = ++node.last_registration;
  node.others.register_peer(connection, peer.registered(), peer.alias,
                            [&node](Connection* still_there, const sdk::RegisterOutcome& outcome) {
                              if (still_there) take_outcome(node, *still_there, outcome);
                            });
}

void count_replacement(Inheritance& inheritance, Time now) {
  if (now - inheritance.since >= kReplacementWindow) {
    inheritance.since = now;
    inheritance.replacements = 0;
  }
  ++inheritance.replacements;
}

// The newcomer went before it could take over what the peer that it replaced has left.
void abandon(Node& node, const Fingerprint& fingerprint, const Inheritance& inheritance) {
  if (inheritance.seat) node.peers.release_seat();
  if (!node.peers.present(fingerprint)) node.limiter.forget(fingerprint);
}

// The fingerprint is another connection's: that one ends first, on its own loop, and what it held
// (its place, its count of replacements) goes over to the newcomer.
void replace(Node& node, Connection& newcomer, ConnectionRef present) {
  EventLoop& new_loop = newcomer.loop();
  EventLoop& old_loop = node.loop_of(present);
  const auto end_present = [&node, &old_loop, present] {
    Connection* connection = old_loop.find(present);
    if (connection == nullptr || !peer_of(*connection).admitted) {
      return Inheritance();
    }
    const Inheritance inheritance = end_peer(node, *connection, Ending::kReplaced);
    connection->close(CloseCode::kReplaced, "replaced by a newer connection");
    return inheritance;
  };
  if (&old_loop == &new_loop) return admit(node, newcomer, end_present());

  old_loop.post([&node, &new_loop, end_present, operation = Operation(newcomer),
                 fingerprint = peer_of(newcomer).fingerprint]() mutable {
    const Inheritance inheritance = end_present();
    new_loop.post([&node, operation = std::move(operation), fingerprint, inheritance] {
      Connection* connection = operation.connection();
      if (connection == nullptr) return abandon(node, fingerprint, inheritance);
      admit(node, *connection, inheritance);
    });
  });
}

void admit(Node& node, Connection& connection, const Inheritance& inheritance) {
  Peer& peer = peer_of(connection);
  const PeerDirectory::AdmissionResult result =
      node.peers.admit(peer.fingerprint, connection.ref(), inheritance);
  switch (result.admission) {
    case PeerDirectory::Admission::kAdmitted:
      return tell_broker(node, connection);
    case PeerDirectory::Admission::kFull:
      return refuse_full(node, connection);
    case PeerDirectory::Admission::kPresent:
      break;
  }
  if (inheritance.seat) node.peers.release_seat();  // somebody was quicker: replace that one
  const bool same_window = connection.loop().now() - result.inheritance.since < kReplacementWindow;
  if (same_window && result.inheritance.replacements >= kMaxReplacements) {
    return refuse_too_often(node, connection);
  }
  replace(node, connection, result.present);
}

void count(Node& node, const Connection& connection, MessageType type) {
  node.state_of(connection)
      .messages[static_cast<std::size_t>(type)]
      .fetch_add(1, std::memory_order_relaxed);
}

void begin(Node& node, Connection& connection, const Message& message,
           const RegisterRequest& request) {
  Peer& peer = peer_of(connection);
  Registration& registration = *peer.registration;
  const Fingerprint claimed = fingerprint_of(request.public_key);
  if (node.peers.full() && !node.peers.present(claimed)) return refuse_full(node, connection);
  registration.payload = message.payload;
  registration.public_key = request.public_key;
  if (request.alias) registration.alias = std::string(*request.alias);
  registration.meta = request.meta;
  peer.stage = Peer::Stage::kRegistering;
  ask_auth(node, connection, {});
}

}  // namespace

void handle_first_message(Node& node, Connection& connection, std::string_view text) {
  Peer& peer = peer_of(connection);
  MessageParser& parser = node.state_of(connection).parser;
  Message message;
  const std::optional<std::string_view> problem = parser.parse(text, message);
  const bool well_formed = !problem;
  peer.registration->id = message.id;
  const bool answers_challenge =
      peer.stage == Peer::Stage::kRegistering && peer.registration->challenged;
  if (answers_challenge && well_formed && message.type == MessageType::kAuthResponse) {
    peer.registration->challenged = false;
    count(node, connection, message.type);
    return ask_auth(node, connection, std::string(message.payload));
  }
  if (!well_formed || message.type != MessageType::kRegister ||
      peer.stage != Peer::Stage::kConnected) {
    std::string_view due = problem.value_or("first message must be register");
    if (answers_challenge) due = "auth_response expected";
    return refuse_first_message(node, connection, due);
  }
  count(node, connection, message.type);
  RegisterRequest request;
  if (const auto wrong = parser.read(message, node.bounds(), request)) {
    return refuse_first_message(node, connection, *wrong);
  }
  begin(node, connection, message, request);
}

void handle_deadline(Node& node, Connection& connection) {
  switch (peer_of(connection).stage) {
    case Peer::Stage::kConnected:
      note(node, connection, Refusal::kRegistrationTimeout, "no register within pong_wait");
      return connection.close(CloseCode::kPolicyViolation, "registration timeout");
    case Peer::Stage::kRegistering:
      return reject(node, connection, "authentication timed out");
    case Peer::Stage::kRegistered:
      return connection.close(CloseCode::kAuthFailed, "authentication expired");
    case Peer::Stage::kGone:
      return;
  }
}

Inheritance end_peer(Node& node, Connection& connection, Ending ending) {
  Peer& peer = peer_of(connection);
  peer.stage = Peer::Stage::kGone;
  if (!std::exchange(peer.admitted, false)) return {};
  while (!peer.memberships.empty() && !node.stopping) {
    leave_namespace(node, connection, peer.memberships.size() - 1);
  }
  connection.loop().deliver_mail();
  node.others.unregister_peer(peer.registered());
  if (peer.holds_alias) node.peers.free_alias(peer.alias);
  const bool replaced = ending == Ending::kReplaced;
  if (!replaced) node.limiter.forget(peer.fingerprint);
  std::optional<Inheritance> inheritance =
      node.peers.remove(peer.fingerprint, connection.ref(), replaced);
  if (!inheritance) return {};
  if (replaced) count_replacement(*inheritance, connection.loop().now());
  return *inheritance;
}

}  // namespace peer
