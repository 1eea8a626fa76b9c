#include <cctype>
#include <functional>
#include <optional>

#include "core/protocol/message.h"
#include "tests/unit/dispatch/resume_test.h"

// When a session goes away, what it is meanwhile, and when that ends (docs/protocol.md, "C.6
// Session resume").
namespace peer::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

std::string close_payload(int code) {
  return {static_cast<char>(code >> 8), static_cast<char>(code & 255)};
}

struct Cause {
  std::string name;
  std::function<void(Client&)> client;             // what the client does, or
  std::optional<CloseCode> server = std::nullopt;  // the server's close
  bool goes_away = false;
};

Cause client_closes(int code, bool goes_away) {
  return {"the client's " + std::to_string(code),
          [code](Client& client) {
            client.send_bytes(encode({.opcode = kClose, .payload = close_payload(code)}));
          },
          std::nullopt, goes_away};
}
Cause server_closes(CloseCode code, bool goes_away) {
  return {"the server's " + std::to_string(static_cast<int>(code)), {}, code, goes_away};
}

class CauseTest : public ResumeTest, public testing::WithParamInterface<Cause> {};

TEST_P(CauseTest, GoesAwayOrEnds) {
  const Cause& cause = GetParam();
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);
  settle();
  EXPECT_THAT(alice.heard(), SizeIs(1));
  end_by([&] {
    if (!cause.server) return cause.client(bob);
    on_loop(0, [&] { session_named("bob").close(*cause.server, "because"); });
  });
  EXPECT_EQ(node().resumes.away(), cause.goes_away ? 1U : 0U);
  EXPECT_EQ(node().peers.count(), cause.goes_away ? 2U : 1U);
  EXPECT_EQ(node().resumes.resumable, cause.goes_away ? 1U : 0U);
  Client again = connect();
  if (cause.goes_away) {
    EXPECT_THAT(alice.heard(), IsEmpty());
    EXPECT_THAT(resume(again, "bob", 1), HasSubstr("resumed"));
  } else {
    EXPECT_THAT(alice.heard(), ElementsAre(peer_left("lobby", "bob")));
    EXPECT_EQ(resume_with(again, token("bob"), 1), error(404, "session not found"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, CauseTest,
    testing::Values(
        Cause{"RST", [](Client& client) { client.drop(); }, std::nullopt, true},
        Cause{"FIN", [](Client& client) { client.half_close(); }, std::nullopt, true},
        Cause{"an empty close frame",
              [](Client& client) { client.send_bytes(encode({.opcode = kClose})); }, std::nullopt,
              false},
        client_closes(1000, false), client_closes(1001, false), client_closes(1002, true),
        client_closes(1008, true), client_closes(1011, true), client_closes(1012, true),
        client_closes(3000, true), client_closes(4000, true), client_closes(4999, true),
        Cause{"a protocol error",
              [](Client& client) { client.send_bytes(encode({.masked = false})); }, std::nullopt,
              false},
        Cause{"a binary message",
              [](Client& client) { client.send_bytes(encode({.opcode = kBinary})); }, std::nullopt,
              false},
        server_closes(CloseCode::kNormal, false), server_closes(CloseCode::kGoingAway, true),
        server_closes(CloseCode::kProtocolError, false),
        server_closes(CloseCode::kUnsupportedData, false),
        server_closes(CloseCode::kInvalidData, false),
        server_closes(CloseCode::kPolicyViolation, false), server_closes(CloseCode::kTooBig, false),
        server_closes(CloseCode::kInternalError, false),
        server_closes(CloseCode::kTryAgainLater, false), server_closes(CloseCode::kReplaced, false),
        server_closes(CloseCode::kPingTimeout, true), server_closes(CloseCode::kAuthFailed, false),
        server_closes(CloseCode::kFlood, false)),
    [](const testing::TestParamInfo<Cause>& cause) {
      std::string name;
      for (const char c : cause.param.name) name += std::isalnum(c) != 0 ? c : '_';
      return name;
    });

class AwayTest : public ResumeTest {};

TEST_F(AwayTest, TheFirstCloseFrameIsTheEndWhateverTheOtherSideEchoes) {
  Client bob = resumable("bob");
  end_by([&] {
    on_loop(0, [&] { session_named("bob").close(CloseCode::kGoingAway, "bye"); });
    bob.send_bytes(encode({.opcode = kClose, .payload = close_payload(1000)}));
  });
  EXPECT_EQ(node().resumes.away(), 1U);
  bob.end();
}

TEST_F(AwayTest, APeerThatIsAwayIsStillThere) {
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  EXPECT_THAT(bob.ask("create_room", R"({"room_id":"den"})"), HasSubstr("room_created"));
  join(bob);
  bob.read();
  leave(bob);
  EXPECT_THAT(http("GET", "/health"), HasSubstr(R"("peers":2)"));
  EXPECT_THAT(alice.heard(), SizeIs(1));
  EXPECT_EQ(alice.ask("room_info", R"({"room_id":"den"})"), room_info("den", "bob", 2, 1));
  EXPECT_EQ(alice.ask("discover", kLobby), peer_list("lobby", {"alice", "bob"}));
  Client other = connect();
  EXPECT_THAT(other.ask("register", R"({"public_key":"other","alias":"bob"})"),
              HasSubstr(R"("alias_taken":true)"));
}

TEST_F(AwayTest, WhatIsKeptCountsAsDeliveredAndTheRestAsLost) {
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);
  settle();
  alice.heard();
  leave(bob);
  // send_buffer_size is 32.
  for (int i = 1; i <= 32; ++i) {
    EXPECT_EQ(alice.ask("signal", std::to_string(i), R"("to":"bob","id":1)"), ack("1", 1));
  }
  EXPECT_EQ(alice.ask("signal", "33", R"("to":"bob","id":2)"), ack("2", 0, 1));
  EXPECT_EQ(alice.ask("broadcast", kLobby, R"("id":3)"), ack("3", 0, 1));
  Client again = connect();
  EXPECT_THAT(resume(again, "bob", 1), HasSubstr(R"("lost":2)"));
  signal(alice, "bob", "34");
  const std::vector<std::string> heard = again.heard();
  ASSERT_THAT(heard, SizeIs(33));
  EXPECT_THAT(heard[31], HasSubstr(R"("payload":32)"));
  EXPECT_THAT(heard[32], HasSubstr(R"("payload":34)"));
  // Of the token in use nothing has been lost since.
  leave(again);
  Client third = connect();
  EXPECT_THAT(resume(third, "bob", 35), HasSubstr(R"("lost":0)"));
}

TEST_F(AwayTest, WhatItHadNotBeenSentCountsAmongWhatWaitsForIt) {
  config_.rate_limit_per_sec = config_.rate_limit_burst = 1'000'000;
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);
  settle();
  alice.heard();
  // He does not read, until no more is taken for him.
  const std::string large = '"' + std::string(40'000, 'x') + '"';
  int taken = 0;
  while (taken < 2'000 && alice.ask("signal", large, R"("to":"bob","id":1)") == ack("1", 1)) {
    ++taken;
  }
  ASSERT_LT(taken, 2'000);
  leave(bob);
  EXPECT_EQ(alice.ask("signal", "1", R"("to":"bob","id":2)"), ack("2", 0, 1));
}

TEST_F(AwayTest, WhenTheWindowIsOverItLeaves) {
  config_.resume_window = milliseconds(1);
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);
  alice.read();
  bob.drop();
  EXPECT_EQ(alice.read(), peer_left("lobby", "bob"));
  settle();
  EXPECT_EQ(node().resumes.expired, 1U);
  EXPECT_EQ(node().resumes.resumable, 0U);
  EXPECT_EQ(node().peers.count(), 1U);
  EXPECT_EQ(kept_bytes(), 0U);
  Client again = connect();
  EXPECT_EQ(resume_with(again, token("bob"), 1), error(404, "session not found"));
}

TEST_F(AwayTest, BeyondMaxAwaySessionsTheOldestLeaves) {
  config_.max_away_sessions = 2;
  loops_ = 2;
  Client alice = peer_in("lobby", "alice");
  std::vector<Client> members;
  for (const char* name : {"bob", "carol", "dave"}) {
    members.push_back(resumable(name, members.size() % 2));
    EXPECT_THAT(members.back().ask("join", kLobby), StartsWith(R"({"type":"peer_list")"));
  }
  alice.heard();
  for (Client& member : members) leave(member);
  EXPECT_THAT(alice.heard(), ElementsAre(peer_left("lobby", "bob")));
  EXPECT_EQ(node().resumes.away(), 2U);
  Client again = connect();
  EXPECT_EQ(resume_with(again, token("bob"), 1), error(404, "session not found"));
  EXPECT_THAT(resume(again, "carol", 1), HasSubstr("resumed"));
}

TEST_F(AwayTest, ByDefaultAQuarterOfMaxPeersMayBeAway) {
  config_.max_peers = 8;
  Client bob = resumable("bob");
  Client carol = resumable("carol");
  Client dave = resumable("dave");
  leave(bob);
  leave(carol);
  leave(dave);
  EXPECT_EQ(node().resumes.away(), 2U);
}

TEST_F(AwayTest, ARegisterOfTheSameKeyReplacesIt) {
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);
  alice.read();
  leave(bob);
  const std::string old = token("bob");
  Client anew = peer("bob");
  EXPECT_EQ(alice.read(), peer_left("lobby", "bob"));
  EXPECT_EQ(anew.ask("leave", kLobby), error(403, "not in namespace"));
  EXPECT_EQ(node().peers.count(), 2U);
  EXPECT_EQ(node().resumes.away(), 0U);
  Client again = connect();
  EXPECT_EQ(resume_with(again, old, 1), error(404, "session not found"));
}

TEST_F(AwayTest, AKickIsHeardOnReturn) {
  Client alice = owner_of("den", "alice", 5);
  Client bob = resumable("bob");
  EXPECT_THAT(bob.ask("join_room", R"({"room_id":"den"})"), HasSubstr("peer_list"));
  alice.read();
  leave(bob);
  EXPECT_EQ(alice.ask("kick", R"({"room_id":"den","fingerprint":"bob"})"), peer_left("den", "bob"));
  Client again = connect();
  resume(again, "bob", 1);
  EXPECT_THAT(again.read(), HasSubstr(R"("type":"kick")"));
  EXPECT_EQ(again.ask("leave", R"({"namespace":"den"})"), error(403, "not in namespace"));
}

TEST_F(AwayTest, TicketsAreSetAsideAndComeBackAsOldAsTheyAre) {
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);
  bob.read();
  Client carol = peer_in("lobby", "carol");
  bob.read();
  EXPECT_THAT(bob.ask("match", kLobby), HasSubstr("waiting"));
  leave(bob);
  EXPECT_EQ(node().matching->waiting(), 1U);
  alice.heard();
  EXPECT_THAT(alice.ask("match", kLobby), HasSubstr("waiting"));
  Client again = connect();
  resume(again, "bob", 3);
  // Bob has waited longer.
  EXPECT_THAT(again.read(), HasSubstr(R"("peers":[{"fingerprint":"<bob>")"));
  EXPECT_THAT(alice.read(), HasSubstr(R"("type":"matched")"));
  EXPECT_EQ(node().matching->waiting(), 0U);
}

TEST_F(AwayTest, ATicketsTimeRunsOn) {
  Client bob = resumable("bob");
  join(bob);
  bob.read();
  EXPECT_THAT(bob.ask("match", R"({"namespace":"lobby","timeout_ms":300})"), HasSubstr("waiting"));
  leave(bob);
  while (node().matching->waiting() != 0) settle();
  settle();
  Client again = connect();
  resume(again, "bob", 2);
  EXPECT_THAT(again.heard(), ElementsAre(HasSubstr("match_expired")));
}

TEST_F(AwayTest, AGrantRunsOutMeanwhile) {
  sdk::AuthGrant grant;
  grant.expires = wall_now() + milliseconds(300);
  auth_.verdicts.always(grant);
  Client bob = resumable("bob");
  join(bob);
  auth_.verdicts.usual();
  Client alice = peer_in("lobby", "alice");
  leave(bob);
  EXPECT_EQ(alice.read(), peer_left("lobby", "bob"));
  Client again = connect();
  EXPECT_EQ(resume_with(again, token("bob"), 1), error(404, "session not found"));
}

TEST_F(AwayTest, AGrantRunsOutAfterTheReturn) {
  sdk::AuthGrant grant;
  grant.expires = wall_now() + milliseconds(300);
  auth_.verdicts.always(grant);
  Client bob = resumable("bob");
  leave(bob);
  Client again = connect();
  resume(again, "bob", 0);
  EXPECT_THAT(again.end(),
              ElementsAre(error(401, "authentication expired"), "4003 authentication expired"));
}

TEST_F(AwayTest, TheBucketOfMessagesLivesOn) {
  config_.rate_limit_burst = 2;
  config_.rate_limit_per_sec = 1;
  Client bob = resumable("bob");
  bob.ask(R"({"type":"ping"})");
  bob.ask(R"({"type":"ping"})");
  leave(bob);
  Client again = connect();
  resume(again, "bob", 2);
  EXPECT_EQ(again.ask(R"({"type":"ping"})"), error(429, "rate limited"));
}

TEST_F(AwayTest, BeyondTheTotalTheLongestSilentOfThoseAboveTheirShareLosesAll) {
  Client alice = peer_in("lobby", "alice");
  std::vector<Client> members;
  for (const char* name : {"bob", "carol", "dave", "erin"}) {
    members.push_back(resumable(name));
    EXPECT_THAT(members.back().ask("join", kLobby), HasSubstr("peer_list"));
    // The next one is heard later.
    for (const Time heard = steady_now(); steady_now() == heard;) settle();
  }
  for (Client& member : members) leave(member);
  on_loop(0, [&] { node().loop_states[0]->kept.set_total(34'000); });
  const std::string large = "\"" + std::string(7'000, 'x') + "\"";
  const auto send = [&](std::string_view to) {
    return alice.ask("signal", large, "\"id\":1,\"to\":\"" + std::string(to) + "\"");
  };
  alice.heard();
  // Each has a share of 8,500. Bob, who has been silent longest, keeps less than that.
  EXPECT_EQ(send("bob"), ack("1", 1));
  EXPECT_EQ(send("dave"), ack("1", 1));
  EXPECT_EQ(send("dave"), ack("1", 1));
  EXPECT_EQ(send("carol"), ack("1", 1));
  EXPECT_THAT(alice.heard(), IsEmpty());
  alice.send("signal", large, R"("to":"carol")");
  EXPECT_EQ(alice.read(), peer_left("lobby", "carol"));
  EXPECT_LE(kept_bytes(), 34'000U);
  Client again = connect();
  EXPECT_EQ(resume_with(again, token("carol"), 1), error(404, "session not found"));
  EXPECT_THAT(resume(again, "bob", 4), HasSubstr(R"("lost":0)"));
  EXPECT_EQ(node().resumes.expired, 1U);
}

TEST_F(AwayTest, WhoIsConnectedLosesTheWayBackOnly) {
  Client bob = resumable("bob");
  on_loop(0, [&] { node().loop_states[0]->kept.set_total(50); });
  for (int i = 0; i < 5; ++i) EXPECT_EQ(bob.ask(R"({"type":"ping"})"), R"({"type":"pong"})");
  EXPECT_EQ(kept_bytes(), 0U);
  EXPECT_EQ(node().resumes.resumable, 0U);
  leave(bob);
  EXPECT_EQ(node().peers.count(), 0U);
}

TEST_F(AwayTest, AStoppingNodeWaitsForNobodyWhoIsAway) {
  Client bob = resumable("bob");
  leave(bob);
  Client carol = resumable("carol");
}  // ~NodeTest

class SharedAwayTest : public SharedResumeTest {};

TEST_F(SharedAwayTest, AnAnswerThatComesMeanwhileIsKept) {
  broker_.joins.hold();
  Client bob = resumable("bob");
  join(bob);
  bob.send(R"({"type":"ping"})");
  broker_.joins.wait();
  leave(bob);
  broker_.joins.release();
  settle();
  Client again = connect();
  // What had not been handled is sent again.
  EXPECT_THAT(resume(again, "bob", 0), HasSubstr(R"("processed":1)"));
  EXPECT_EQ(again.read(), peer_list("lobby", {"bob"}));
}

TEST_F(SharedAwayTest, AnOperationGoesOnOverAResume) {
  broker_.joins.hold();
  Client bob = resumable("bob");
  join(bob);
  broker_.joins.wait();
  leave(bob);
  Client again = connect();
  resume(again, "bob", 0);
  again.send(R"({"type":"ping"})");
  EXPECT_TRUE(again.waits());
  broker_.joins.release();
  EXPECT_EQ(again.read(), peer_list("lobby", {"bob"}));
  EXPECT_EQ(again.read(), R"({"type":"pong"})");
}

TEST_F(SharedAwayTest, AnOperationGoesOnOverATakeOver) {
  broker_.joins.hold();
  Client bob = resumable("bob");
  join(bob);
  bob.send(R"({"type":"ping"})");
  broker_.joins.wait();
  Client newer = connect();
  EXPECT_THAT(resume(newer, "bob", 0), HasSubstr(R"("processed":1)"));
  broker_.joins.release();
  EXPECT_EQ(newer.read(), peer_list("lobby", {"bob"}));
  EXPECT_TRUE(newer.waits());
}

// On its way back it is on no loop, which closes all that it has when the node stops.
TEST_F(SharedAwayTest, WhoIsOnTheWayBackWhenTheNodeStopsIsClosedLikeAll) {
  Client carol = peer("carol");
  Client bob = resumable("bob");
  leave(bob);
  broker_.session_tokens.hold();
  Client again = connect();
  again.send("resume", resume_payload(token("bob"), 0));
  broker_.session_tokens.wait();
  on_loop(0, [&] {
    EventLoop& loop = *node().loops[0];
    node().stopping = true;
    loop.stop(CloseCode::kGoingAway, "bye", milliseconds(0), kNever);
    broker_.session_tokens.release();
  });
  EXPECT_THAT(again.end(), ElementsAre(HasSubstr("resumed"), "1001 bye"));
}

// A `resume` that was held up on its way comes beside the one that its client has sent after it.
TEST_F(SharedAwayTest, WhoComesWithAnOlderTokenTakesNoNewerOneFromTheOtherNodes) {
  Client bob = resumable("bob");
  leave(bob);
  broker_.session_tokens.hold();
  Client newer = connect();
  newer.send("resume", resume_payload(token("bob"), 0));
  broker_.session_tokens.wait();
  Client late = connect();
  late.send("resume", resume_payload(token("bob"), 0));
  settle();
  broker_.session_tokens.release();
  note_token("bob", newer.read());
  broker_.session_tokens.wait();
  EXPECT_THAT(broker_.shared_tokens(), Contains(fingerprint_of(token("bob"))));
  EXPECT_EQ(newer.ask(R"({"type":"ping"})"), R"({"type":"pong"})");
  broker_.session_tokens.release();
  EXPECT_EQ(late.read(), error(404, "session not found"));
  EXPECT_TRUE(newer.waits());
}

TEST_F(SharedAwayTest, ARegistrationElsewhereEndsIt) {
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);
  alice.read();
  sdk::Registered registered;
  on_loop(0, [&] { registered = session_named("bob").registered(); });
  leave(bob);
  host().replaced(registered);
  EXPECT_EQ(alice.read(), peer_left("lobby", "bob"));
  settle();
  EXPECT_EQ(node().resumes.away(), 0U);
  Client again = connect();
  EXPECT_EQ(resume_with(again, token("bob"), 1), error(404, "session not found"));
}

TEST_F(SharedAwayTest, ATicketsTimeRunsOn) {
  Client bob = resumable("bob");
  join(bob);
  bob.read();
  EXPECT_THAT(bob.ask("match", R"({"namespace":"lobby","timeout_ms":300})"), HasSubstr("waiting"));
  leave(bob);
  const Deadline deadline;
  while (node().matching->waiting() != 0 && !deadline.passed()) settle();
  Client again = connect();
  resume(again, "bob", 2);
  EXPECT_THAT(again.heard(), ElementsAre(HasSubstr("match_expired")));
  EXPECT_THAT(peer_in("lobby", "alice").ask("match", kLobby), HasSubstr("waiting"));
}

// A claim that came before it was set aside: the match is on its way.
TEST_F(SharedAwayTest, ATicketThatWasClaimedBeforeDoesNotExpire) {
  Client bob = resumable("bob");
  join(bob);
  bob.read();
  broker_.ticket_ends.always(sdk::TicketEnd::kGone);
  EXPECT_THAT(bob.ask("match", R"({"namespace":"lobby","timeout_ms":1})"), HasSubstr("waiting"));
  leave(bob);
  const sdk::Instant later = wall_now() + milliseconds(3);
  while (wall_now() <= later) settle();
  Client again = connect();
  resume(again, "bob", 2);
  EXPECT_THAT(again.heard(), IsEmpty());
  EXPECT_EQ(node().matching->waiting(), 1U);
}

TEST_F(SharedAwayTest, TicketsAreSharedAnewOnReturn) {
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);
  bob.read();
  EXPECT_THAT(bob.ask("match", kLobby), HasSubstr("waiting"));
  leave(bob);
  // The order of tickets of one millisecond is that of their arrival.
  const sdk::Instant asked = wall_now();
  while (wall_now() == asked) settle();
  alice.heard();
  EXPECT_THAT(alice.ask("match", kLobby), HasSubstr("waiting"));
  Client again = connect();
  resume(again, "bob", 2);
  // Bob has waited longer.
  EXPECT_THAT(again.read(), HasSubstr(R"("peers":[{"fingerprint":"<bob>")"));
  EXPECT_THAT(alice.read(), HasSubstr(R"("type":"matched")"));
}

}  // namespace
}  // namespace peer::test
