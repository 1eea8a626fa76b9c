#include "core/session/resume.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/base/random.h"
#include "core/session/away.h"
#include "core/session/claim.h"
#include "core/session/renewal.h"
#include "core/session/replies.h"
#include "core/session/session_moves.h"
#include "core/session/turned_away.h"

// How a client comes back to its session. In: `resume` on a new connection, on any loop. Out: that
// connection as the transport of the session, on the session's loop, with `resumed` and all
// messages that the client does not have; or a 404, and the connection goes on as one that has not
// registered. On its node a session never moves: whoever knows its SessionRef goes on with it, and
// mail that is on its way comes behind the replay, as if it had only been slow. One that another
// node has comes here first (claim.cc).
namespace peer {
namespace {

constexpr std::string_view kNotFound = "session not found";
constexpr std::uint8_t kMostRefusals = 3;
constexpr std::size_t kTokenLength = 32;

bool is_token(std::string_view text) {
  return text.size() == kTokenLength && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

// A connection on its way to the loop of a session.
struct Arrival {
  SessionRef session;
  TokenHash token;
  std::uint64_t received = 0;
  std::shared_ptr<Registration> registration;  // of the session that it has had
  std::unique_ptr<Connection> connection;
  /// The client's next token, once the other nodes know it; empty: there are none, or not yet.
  std::string next_token{};
};

std::string new_token(Node& node, SessionRef session, TokenHash& hash) {
  while (true) {
    std::string token = random_token();
    hash = fingerprint_of(token);
    if (node.resumes.add(hash, session)) return token;
  }
}

}  // namespace

void refuse_resume(Node& node, Session& newcomer) {
  if (++newcomer.registration->refused_resumes >= kMostRefusals) {
    return refuse_first_message(node, newcomer, 404, kNotFound);
  }
  reply_error(newcomer, newcomer.registration->id, 404, kNotFound);
}

bool may_be_resumed(const Session* session, const TokenHash& token, std::uint64_t received) {
  if (session == nullptr || session->stage != Session::Stage::kRegistered) return false;
  const Resumable* state = session->resumable.get();
  if (state == nullptr || state->given_up || session->loop().now() >= state->ends) return false;
  const bool is_its_token =
      state->token == token || (state->used != nullptr && state->used->hash == token);
  return is_its_token && received <= most_received(*session) &&
         received + state->kept.count() >= state->sent;
}

std::unique_ptr<Away> replace_transport(Session& session) {
  auto absence = std::make_unique<Away>();
  Connection& older = *session.transport();
  absence->grant_ends = grant_ends(session, older.deadline());
  absence->address = older.remote_address();
  keep_unsent(session, *absence, Unsent::kStillLeaves);
  session.loop().detach(older);
  session.use_transport(nullptr);
  older.close(CloseCode::kReplaced, "replaced by a newer connection");
  return absence;
}

namespace {

// How often a session that is on its way, or that another connection comes to, is looked for again.
constexpr milliseconds kPause{5};

// Goes on as a connection that has not registered, on the loop that it has come to. Null: it has
// ended.
Session* place_alone(LoopState& home, Arrival arrival) {
  Connection* connection = home.loop->place(std::move(arrival.connection));
  if (connection == nullptr) return nullptr;
  auto session = std::make_unique<Session>(*connection, home);
  session->registration = std::move(arrival.registration);
  session->handling = MessageType::kResume;
  connection->session = std::move(session);
  return &session_of(*connection);
}

void turn_away(Node& node, LoopState& home, Arrival arrival, bool has_gone) {
  const TokenHash token = arrival.token;
  const std::uint64_t received = arrival.received;
  Session* newcomer = place_alone(home, std::move(arrival));
  if (newcomer == nullptr) return;
  // It may have gone to another node meanwhile.
  if (has_gone && node.others.move_sessions()) {
    return claim_session(node, *newcomer, token, received);
  }
  refuse_resume(node, *newcomer);
}

// A session that is carried stays with its connection.
void turn_away_banned(Node& node, LoopState& home, Session& session, Arrival arrival) {
  if (session.is_away()) session.close(CloseCode::kAuthFailed, kBannedMessage);
  if (Session* newcomer = place_alone(home, std::move(arrival))) refuse_banned(node, *newcomer);
}

bool is_banned(Node& node, const Session& session, const Arrival& arrival) {
  const sdk::Instant now = session.loop().wall();
  return node.admission.bans().covers(session.fingerprint, now.time_since_epoch().count()) ||
         node.admission.is_banned({arrival.connection->remote_address(), false}, now);
}

// The token that was used and a new one are good from now on. Returns the new one, and how many
// messages were lost since the used one was brought.
std::string rotate(Node& node, Resumable& state, Arrival& arrival, std::uint32_t& lost) {
  const TokenHash used = arrival.token;
  if (state.used != nullptr && state.used->hash == used) {
    node.resumes.remove(state.token);  // nobody has come with it
    lost = state.used->lost;
  } else {
    if (state.used != nullptr) node.resumes.remove(state.used->hash);
    lost = state.lost;
  }
  state.used = std::make_unique<UsedToken>(UsedToken{used, lost, state.sent, state.bytes});
  state.lost = 0;
  state.token = fingerprint_of(arrival.next_token);
  if (!arrival.next_token.empty() && node.resumes.add(state.token, state.session)) {
    return std::move(arrival.next_token);
  }
  return new_token(node, state.session, state.token);
}

void greet(Node& node, Session& session, Arrival& arrival) {
  Resumable& state = *session.resumable;
  std::uint32_t lost = 0;
  const std::string token = rotate(node, state, arrival, lost);
  const std::string members = session_member(node, token) +
                              ",\"processed\":" + std::to_string(state.handled) +
                              ",\"lost\":" + std::to_string(lost);
  Connection& transport = *session.transport();
  transport.reply(resumed_frame(session, arrival.registration->id, members));
  const std::uint32_t kept = state.kept.count();
  const auto missing = static_cast<std::uint32_t>(state.sent - arrival.received);
  // As answers: a replay is never cut (docs/protocol.md, "C.6 Session resume").
  for (std::uint32_t i = kept - missing; i < kept; ++i) transport.reply(FrameRef(state.kept.at(i)));
  // Nor does it take the room of what is new.
  if (missing > 0) transport.exempt_unsent();
  // Only now: none of these is a new message.
  transport.count_messages();
  state.kept.note_handed_out(kept - missing);  // so many it has, as it says
  node.resumes.resumed.fetch_add(1, std::memory_order_relaxed);
  node.resumes.replayed.fetch_add(missing, std::memory_order_relaxed);
}

void arrive(Node& node, LoopState& home, Arrival arrival);

// The client may come to any node with its next token as soon as it has that. Until it is heard it
// may come with the one before.
void share_next_token(Node& node, LoopState& home, Session& session, Arrival arrival) {
  Resumable& state = *session.resumable;
  state.shares_token = true;
  arrival.next_token = random_token();
  std::vector<sdk::SessionToken> tokens{fingerprint_of(arrival.next_token), state.token};
  if (state.used != nullptr) tokens.push_back(state.used->hash);
  node.others.set_session_tokens(*home.loop, session.registered(), tokens,
                                 [&node, &home, arrival = std::move(arrival)](bool) mutable {
                                   arrive(node, home, std::move(arrival));
                                 });
}

// The session moves, or is about to be given to a connection that has come before.
bool must_wait(const LoopState& home, const Session& session, const Arrival& arrival) {
  if (is_moving(home, arrival.session)) return true;
  return session.resumable->shares_token && arrival.next_token.empty();
}

// On the session's loop, as a task.
void arrive(Node& node, LoopState& home, Arrival arrival) {
  Session* session = find_session(*home.loop, arrival.session);
  if (session != nullptr && must_wait(home, *session, arrival)) {
    home.loop->schedule(home.loop->now() + kPause,
                        [&node, &home, arrival = std::move(arrival)]() mutable {
                          arrive(node, home, std::move(arrival));
                        });
    return;
  }
  if (session != nullptr) session->resumable->shares_token = false;
  if (!may_be_resumed(session, arrival.token, arrival.received)) {
    return turn_away(node, home, std::move(arrival), session == nullptr);
  }
  if (is_banned(node, *session, arrival)) {
    return turn_away_banned(node, home, *session, std::move(arrival));
  }
  if (arrival.next_token.empty() && node.others.move_sessions()) {
    return share_next_token(node, home, *session, std::move(arrival));
  }
  const bool takes_over = session->transport() != nullptr;
  if (takes_over && !node.peers.count_replacement(session->fingerprint, home.loop->now())) {
    Connection* connection = home.loop->place(std::move(arrival.connection));
    if (connection == nullptr) return;
    connection->session = std::make_unique<Session>(*connection, home);
    return refuse_too_often(node, session_of(*connection));
  }
  std::unique_ptr<Away> absence = takes_over ? replace_transport(*session) : nullptr;
  const Time granted_until =
      takes_over ? absence->grant_ends : session->resumable->away->grant_ends;
  Connection* connection = home.loop->attach(session->ref(), std::move(arrival.connection));
  if (connection == nullptr) {
    if (takes_over) begin_away(node, *session, std::move(absence));
    return;
  }
  session->use_transport(connection);
  connection->mark_registered();
  connection->set_deadline(granted_until);
  greet(node, *session, arrival);
  // Behind the replay: what this brings is new.
  if (session->is_away()) end_absence(node, *session);
  await_renewal(*session);
  home.loop->deliver_mail();
  if (log_debug_enabled()) {
    log_debug("resumed", {{"peer", to_hex(session->fingerprint)}, {"address", session->address()}});
  }
}

}  // namespace

std::string make_resumable(Node& node, Session& session) {
  const Config& config = node.config();
  if (config.resume_window.count() == 0) return {};
  session.resumable = std::make_unique<Resumable>();
  Resumable& state = *session.resumable;
  state.session = session.ref();
  state.ends = session.loop().now() + config.resume_max_age;
  session.home().kept.enter(state);
  session.home().kept.heard(state, session.loop().now());
  node.resumes.resumable.fetch_add(1, std::memory_order_relaxed);
  return new_token(node, session.ref(), state.token);
}

std::string session_member(const Node& node, std::string_view token) {
  if (token.empty()) return {};
  return ",\"session\":{\"token\":\"" + std::string(token) +
         "\",\"window_ms\":" + std::to_string(node.config().resume_window.count()) + "}";
}

void count_handled(Session& session) {
  Resumable& state = *session.resumable;
  ++state.handled;
  session.home().kept.heard(state, session.loop().now());
  // The client has the new token: it has been heard behind it.
  if (state.used == nullptr) return;
  if (!state.given_up) session.home().node->resumes.remove(state.used->hash);
  state.used.reset();
  trim_kept(session);
}

bool forget_received(Session& session, std::uint64_t received) {
  Resumable& state = *session.resumable;
  if (received > most_received(session)) return false;
  std::size_t bytes = state.bytes;
  while (state.kept.count() > 0 && state.sent - state.kept.count() < received) {
    bytes -= state.kept.pop();
  }
  if (bytes != state.bytes) session.home().kept.change(state, bytes);
  return true;
}

void handle_resume(Node& node, Session& newcomer, const Message& message) {
  ResumeRequest request;
  newcomer.handling = MessageType::kResume;
  if (const auto wrong = newcomer.home().parser.read(message, node.bounds(), request)) {
    return refuse_first_message(node, newcomer, 400, *wrong);
  }
  if (!is_token(request.token) || !request.received) return refuse_resume(node, newcomer);
  const TokenHash token = fingerprint_of(request.token);
  const std::optional<SessionRef> session = node.resumes.find(token);
  if (session) return move_newcomer(node, newcomer.hold(), *session, token, *request.received);
  if (node.resumes.is_banned(token, newcomer.loop().now())) return refuse_banned(node, newcomer);
  if (!node.others.move_sessions()) return refuse_resume(node, newcomer);
  claim_session(node, newcomer, token, *request.received);
}

void move_newcomer(Node& node, Operation newcomer, SessionRef session, const TokenHash& token,
                   std::uint64_t received) {
  EventLoop& loop = newcomer.loop();
  Arrival arrival{session, token, received, nullptr, nullptr};
  // As a task: a connection cannot move while it hands over a message.
  loop.post([&node, operation = std::move(newcomer), arrival = std::move(arrival)]() mutable {
    Session* there = session_of(operation);
    if (there == nullptr) return;
    Connection& connection = *there->transport();
    arrival.registration = std::move(there->registration);
    arrival.connection = connection.loop().take_out(connection);
    // The session that it has had ends here, unheard: it was nobody's yet.
    arrival.connection->session.reset();
    LoopState& home = *node.loop_states[arrival.session.loop];
    if (EventLoop::current() == home.loop) return arrive(node, home, std::move(arrival));
    home.loop->post([&node, &home, arrival = std::move(arrival)]() mutable {
      arrive(node, home, std::move(arrival));
    });
  });
}

}  // namespace peer
