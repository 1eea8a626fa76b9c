#include "core/session/away.h"

#include <algorithm>
#include <utility>

#include "core/base/log.h"
#include "core/session/parking_queue.h"
#include "core/session/presence.h"
#include "core/session/session_moves.h"

// What becomes of a resumable session without its connection. In: the end of a connection, and
// messages that nothing carries. Out: the session on its own, as its loop keeps it (EventLoop::
// detach), for `resume_window` at most; its tickets set aside; what it is told, kept with what it
// was sent before. Whatever the session holds for others it goes on to hold: it is only silent.
namespace peer {
namespace {

// The closes after which a client is expected back; all others end the peer (docs/protocol.md,
// "C.6 Session resume").
bool is_expected_back(ConnectionEnd end) {
  switch (end.by) {
    case ConnectionEnd::By::kNobody:
      return true;
    case ConnectionEnd::By::kServer:
      return end.code == CloseCode::kPingTimeout || end.code == CloseCode::kGoingAway;
    case ConnectionEnd::By::kClient:
    case ConnectionEnd::By::kProxy:
      break;
  }
  if (end.code == CloseCode::kNormal || end.code == CloseCode::kNoStatus) return false;
  // A proxy that reloads says so to both sides.
  return end.code != CloseCode::kGoingAway || end.by == ConnectionEnd::By::kProxy;
}

std::size_t most_away(const Config& config) {
  if (config.max_away_sessions != 0) return config.max_away_sessions;
  return std::max<std::size_t>(config.max_peers / 4, 1);
}

void end_for_good(Node& node, Session& session) {
  if (log_debug_enabled()) {
    log_debug("gone, not resumed",
              {{"peer", to_hex(session.fingerprint)}, {"address", session.address()}});
  }
  node.resumes.expired.fetch_add(1, std::memory_order_relaxed);
  session.close(CloseCode::kNormal, {});
}

// If it is away since then, and not since another time.
void end_absent(Node& node, SessionRef where, std::uint64_t place) {
  Session* session = find_session(node.loop_of(where), where);
  if (session == nullptr || !session->is_away() || session->resumable->away->place != place) return;
  end_for_good(node, *session);
}

void set_tickets_aside(Node& node, const Session& session) {
  for (const Membership& membership : session.memberships) {
    if (membership.ticket_size == 0) continue;
    node.matching->set_aside(session.loop(), membership.ns->name, session.fingerprint);
  }
}

// The list may change while it is walked: a ticket that is back may be matched at once, but nobody
// leaves a namespace for that.
void take_tickets_back(Node& node, const Session& session) {
  for (const Membership& membership : session.memberships) {
    if (membership.ticket_size == 0) continue;
    node.matching->take_back(session.loop(), membership.ns->name, session.registered());
  }
}

void forget_tokens(Node& node, Resumable& state) {
  node.resumes.remove(state.token);
  if (state.used != nullptr) node.resumes.remove(state.used->hash);
  node.resumes.resumable.fetch_sub(1, std::memory_order_relaxed);
}

// Of the messages that it keeps.
std::uint32_t handed_out(const Session& session) {
  const KeptFrames& kept = session.resumable->kept;
  const Connection* transport = session.transport();
  if (transport == nullptr) return kept.handed_out();
  const auto unsent = std::min<std::size_t>(transport->unsent_messages(), kept.count());
  return std::max(kept.handed_out(), kept.count() - static_cast<std::uint32_t>(unsent));
}

// It loses what it keeps, and with that the way back. Who is away leaves, but later: whoever sends
// to it may be in the middle of something.
void give_up(LoopState& home, Resumable& state) {
  forget_tokens(*home.node, state);
  state.given_up = true;
  state.kept = KeptFrames();
  home.kept.change(state, 0);
  if (state.away == nullptr) return;
  home.loop->post([&node = *home.node, where = state.session, place = state.away->place] {
    end_absent(node, where, place);
  });
}

}  // namespace

Time grant_ends(const Session& session, Time deadline) {
  return session.renewal == nullptr ? deadline : session.renewal->ends;
}

bool go_away(Node& node, Connection& connection) {
  Session& session = session_of(connection);
  const EventLoop& loop = session.loop();
  const bool may_return = session.resumable != nullptr &&
                          session.stage == Session::Stage::kRegistered &&
                          !session.resumable->given_up && loop.now() < session.resumable->ends &&
                          node.config().resume_window.count() > 0 &&
                          (!node.stopping || node.parking) && is_expected_back(connection.end());
  if (!may_return) return false;
  auto away = std::make_unique<Away>();
  away->address = connection.remote_address();
  away->holds_admission = connection.take_place();
  away->grant_ends = grant_ends(session, connection.deadline());
  keep_unsent(
      session, *away,
      connection.end().by == ConnectionEnd::By::kNobody ? Unsent::kIsLost : Unsent::kStillLeaves);
  session.loop().detach(connection);
  session.use_transport(nullptr);
  begin_away(node, session, std::move(away));
  return true;
}

void keep_unsent(Session& session, Away& away, Unsent unsent) {
  trim_kept(session);
  KeptFrames& kept = session.resumable->kept;
  const std::uint32_t handed = handed_out(session);
  away.waiting = kept.count() - handed;
  for (std::uint32_t i = handed; i < kept.count(); ++i) away.waiting_bytes += kept.at(i).size();
  kept.note_handed_out(unsent == Unsent::kStillLeaves ? kept.count() : handed);
}

std::uint64_t most_received(const Session& session) {
  const Resumable& state = *session.resumable;
  return state.sent - state.kept.count() + handed_out(session);
}

void await_end(Node& node, Session& session) {
  Away& away = *session.resumable->away;
  EventLoop& loop = session.loop();
  loop.cancel(away.end);
  away.end = loop.schedule(
      ends_at(*session.resumable),
      [&node, where = session.ref(), place = away.place] { end_absent(node, where, place); });
}

void begin_away(Node& node, Session& session, std::unique_ptr<Away> away, Told told) {
  away->window_ends = session.loop().now() + node.config().resume_window;
  // When the server stops all go away, and none of them stays.
  if (node.stopping) away->parked = true;
  ResumeDirectory::Departure departure;
  if (away->parked) {
    node.resumes.parked.fetch_add(1, std::memory_order_relaxed);
  } else {
    departure = node.resumes.go_away(session.ref(), most_away(node.config()));
  }
  away->place = departure.place;
  session.resumable->away = std::move(away);
  await_end(node, session);
  set_tickets_aside(node, session);
  if (told == Told::kWatchers) tell_presence(node, session, true);
  for (const ResumeDirectory::Absent& absent : departure.too_many) {
    node.loop_of(absent.session).post([&node, absent] {
      end_absent(node, absent.session, absent.place);
    });
  }
  if (node.stopping) park(session);
}

void end_absence(Node& node, Session& session) {
  const std::unique_ptr<Away> away = std::move(session.resumable->away);
  session.loop().cancel(away->end);
  if (away->parked) {
    node.resumes.parked.fetch_sub(1, std::memory_order_relaxed);
  } else {
    node.resumes.come_back(away->place);
  }
  if (away->holds_admission) node.admission.leave(away->address, true);
  if (session.transport() == nullptr) return;
  tell_presence(node, session, false);
  take_tickets_back(node, session);
}

void release_resumable(Node& node, Session& session) {
  Resumable& state = *session.resumable;
  // Its end may be told twice: by who ends it, and by the connection that is closed for that.
  if (std::exchange(state.is_over, true)) return;
  forget_moves(node, session);
  if (state.away != nullptr) end_absence(node, session);
  if (!state.given_up) forget_tokens(node, state);
  session.home().kept.leave(state);
  state.given_up = true;
  state.kept = KeptFrames();
}

void trim_kept(Session& session) {
  Resumable& state = *session.resumable;
  const Config& config = session.home().node->config();
  std::size_t most = config.resume_buffer_size;
  std::size_t most_bytes = config.resume_buffer_bytes;
  if (const Connection* transport = session.transport()) {
    most += transport->unsent();
    most_bytes += transport->unsent_bytes();
  }
  // As long as the client may come with the token that it has used before, what it would be sent
  // again is kept beside what is new.
  if (UsedToken* used = state.used.get(); used != nullptr && used->keeps_all) {
    if (state.sent - used->resumed <= most && state.bytes - used->bytes <= most_bytes) return;
    used->keeps_all = false;
  }
  std::size_t bytes = state.bytes;
  while (state.kept.count() > 1 && (state.kept.count() > most || bytes > most_bytes)) {
    bytes -= state.kept.pop();
  }
  if (bytes != state.bytes) session.home().kept.change(state, bytes);
}

void Session::on_sent(const FrameRef& frame) {
  if (resumable == nullptr) return;
  ++resumable->sent;
  if (resumable->given_up) return;
  resumable->kept.push(frame);
  home_.kept.change(*resumable, resumable->bytes + frame.size());
  if (!is_away()) trim_kept(*this);
  while (MessageKeeper* keeper = home_.kept.next_to_give_up()) {
    give_up(home_, static_cast<Resumable&>(*keeper));
  }
}

void Session::on_dropped() {
  if (resumable == nullptr) return;
  ++resumable->lost;
  if (resumable->used != nullptr) ++resumable->used->lost;
}

// It waits as it would for a client that does not read (docs/protocol.md, "Slow consumers").
SendResult Session::keep(const FrameRef& frame, Importance importance) {
  if (resumable == nullptr || resumable->given_up || stage != Stage::kRegistered) {
    return SendResult::kDropped;
  }
  if (Away* away = resumable->away.get()) {
    const NetOptions& options = loop().options();
    const bool fits = importance == Importance::kAnswer || away->waiting == 0 ||
                      (away->waiting < options.send_buffer_size &&
                       away->waiting_bytes + frame.size() <= options.send_buffer_bytes);
    if (!fits) {
      on_dropped();
      return SendResult::kDropped;
    }
    ++away->waiting;
    away->waiting_bytes += frame.size();
  }
  on_sent(frame);
  return SendResult::kQueued;
}

}  // namespace peer
