#include "core/session/renewal.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/session/authentication.h"
#include "core/session/membership.h"
#include "core/session/replies.h"

// In: a grant with an end, and the session's deadline. Out: new rights, the next deadline, or the
// end of the session. The peer goes on as usual while its plugin is asked: nothing of it waits, and
// an answer that comes too late meets nobody.
namespace peer {
namespace {

// So long before the end a plugin is asked again, at most.
constexpr milliseconds kLead{30'000};
// Below that the rest of a grant is waited for, without another question.
constexpr milliseconds kShortest{1'000};

const AuthEntry& entry_of(const Node& node, const Renewal& renewal) {
  return node.auths[renewal.registration->auth_entry];
}

// By the clock of the loop, which nobody sets.
Time end_of(const Session& session, const sdk::AuthGrant& granted) {
  const EventLoop& loop = session.loop();
  return granted.expires ? loop.now() + (*granted.expires - loop.wall()) : kNever;
}

void expire(Session& session) {
  reply_error(session, MessageType::kRegister, {}, 401, kAuthExpired);
  session.close(CloseCode::kAuthFailed, kAuthExpired);
}

// An away session ends when its deadline has come, and nobody can be asked about it.
void ask_at(Session& session, Time at) {
  session.set_deadline(session.is_away() ? session.renewal->ends : at);
}

void obey_renewal(Node& node, Session& session, sdk::AuthVerdict verdict) {
  Renewal& renewal = *session.renewal;
  renewal.asking = false;
  PluginCalls& calls = entry_of(node, renewal).calls;
  if (std::holds_alternative<sdk::AuthPass>(verdict)) {
    const Time now = session.loop().now();
    const Time::duration rest = renewal.ends - now;
    return ask_at(session, rest < kShortest ? renewal.ends : now + rest / 2);
  }
  if (std::holds_alternative<sdk::AuthChallenge>(verdict)) {
    calls.fault("authenticate", "challenged a registered peer");
  }
  auto* granted = std::get_if<sdk::AuthGrant>(&verdict);
  if (granted != nullptr && session.foreign) limit_to_foreign(*granted);
  if (granted == nullptr || !is_of(session, *granted)) return expire(session);
  use_rights(node, session, rights_of(*granted, calls.name()));
  renewal.ends = end_of(session, *granted);
  renewal.granted = std::move(*granted);
  await_renewal(session);
}

void ask_again(Node& node, Session& session) {
  Renewal& renewal = *session.renewal;
  renewal.asking = true;
  // The grant counts until its end, whatever becomes of the question.
  session.set_deadline(renewal.ends);
  const AuthQuestion question{
      renewal.registration->payload, renewal.registration, {}, {}, &renewal.granted};
  ask_auth_beside(node, session, entry_of(node, renewal), question,
                  std::chrono::ceil<milliseconds>(renewal.ends - session.loop().now()),
                  [&node](Session& there, sdk::AuthVerdict verdict) {
                    const bool is_due = there.renewal != nullptr && there.renewal->asking;
                    if (is_due) obey_renewal(node, there, std::move(verdict));
                  });
}

}  // namespace

void keep_grant(const Node& node, Session& session, sdk::AuthGrant granted) {
  const bool renews = node.auths[session.registration->auth_entry].traits.renews;
  if (!renews || !granted.expires) return;
  const Time ends = end_of(session, granted);
  session.renewal =
      std::make_unique<Renewal>(Renewal{session.registration, std::move(granted), ends});
}

void await_renewal(Session& session) {
  if (session.renewal == nullptr) return;
  const Time now = session.loop().now();
  const Time ends = session.renewal->ends;
  if (ends == kNever) {
    session.renewal.reset();
    return session.set_deadline(kNever);
  }
  ask_at(session, ends - std::min<Time::duration>((ends - now) / 2, kLead));
}

void handle_grant_deadline(Node& node, Session& session) {
  const Renewal* renewal = session.renewal.get();
  if (renewal == nullptr || renewal->ends <= session.loop().now()) return expire(session);
  // It may have come back on another connection while its plugin is asked.
  if (renewal->asking) return session.set_deadline(renewal->ends);
  ask_again(node, session);
}

}  // namespace peer
