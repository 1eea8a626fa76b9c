#include "tests/unit/dispatch/resume_test.h"
#include "core/protocol/message.h"
#include "core/server/node.h"
#include "core/session/session.h"

// Sessions that outlive their connection (docs/protocol.md, "C.6 Session resume"): tokens, counts
// and replays. When they go away, and what they are meanwhile: away_test.cc.
namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;

TEST_F(ResumeTest, WhoAsksGetsAToken) {
  EXPECT_THAT(connect().ask("register", R"({"public_key":"alice","alias":"alice","resume":true})"),
              MatchesRegex(R"(\{"type":"registered","from":"<alice>","payload":)"
                           R"(\{"fingerprint":"<alice>","alias":"alice","session":)"
                           R"(\{"token":"[A-Za-z0-9_-]+","window_ms":30000\}\}\})"));
  EXPECT_THAT(connect().ask("register", R"({"public_key":"bob","resume":false})"),
              Not(HasSubstr("session")));
  EXPECT_EQ(node().resumes.resumable, 1U);
}

TEST_F(ResumeTest, WithoutAWindowNobodyGetsOne) {
  config_.resume_window = milliseconds(0);
  EXPECT_THAT(connect().ask("register", R"({"public_key":"alice","resume":true})"),
              Not(HasSubstr("session")));
}

TEST_F(ResumeTest, TheWishIsABoolean) {
  Client alice = connect();
  alice.send("register", R"({"public_key":"alice","resume":1})");
  EXPECT_THAT(alice.end(),
              ElementsAre(error(400, "resume must be a boolean"), "1008 resume must be a boolean"));
}

TEST_F(ResumeTest, WhatTheClientDoesNotHaveIsSentAgainByteForByte) {
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);                    // 1: peer_list
  signal(alice, "bob", "1.0");  // 2
  signal(alice, "bob", "2");    // 3
  bob.read_raw();
  const std::string second = bob.read_raw();
  leave(bob);
  signal(alice, "bob", "4");
  settle();

  Client again = connect();
  EXPECT_THAT(resume(again, "bob", 1), HasSubstr(R"(,"processed":1,"lost":0}})"));
  EXPECT_EQ(again.read_raw(), second);
  EXPECT_THAT(again.read(), HasSubstr(R"("payload":2)"));
  EXPECT_THAT(again.read(), HasSubstr(R"("payload":4)"));
  signal(alice, "bob", "5");
  EXPECT_THAT(again.read(), HasSubstr(R"("payload":5)"));
  EXPECT_EQ(node().resumes.replayed, 3U);
  EXPECT_EQ(node().resumes.resumed, 1U);
}

TEST_F(ResumeTest, ResumedSaysWhoOneIs) {
  Client bob = resumable("bob");
  leave(bob);
  Client again = connect();
  EXPECT_THAT(resume(again, "bob", 0, R"("id":"a")"),
              MatchesRegex(R"(\{"type":"resumed","id":"a","from":"<bob>","payload":)"
                           R"(\{"fingerprint":"<bob>","alias":"bob","session":\{"token":)"
                           R"("[A-Za-z0-9_-]+","window_ms":30000\},"processed":0,"lost":0\}\})"));
}

TEST_F(ResumeTest, EachMessageOfARegisteredClientCountsAsProcessed) {
  config_.rate_limit_burst = 3;
  config_.rate_limit_per_sec = 1;
  Client bob = resumable("bob");
  bob.send("no json");
  bob.send(R"({"type":"nonsense"})");
  bob.send(R"({"type":"ping"})");
  bob.send(R"({"type":"ping"})");
  EXPECT_EQ(bob.read(), error(400, "invalid message"));
  EXPECT_EQ(bob.read(), error(400, "unknown message type"));
  EXPECT_EQ(bob.read(), R"({"type":"pong"})");
  EXPECT_EQ(bob.read(), error(429, "rate limited"));
  leave(bob);
  Client again = connect();
  EXPECT_THAT(resume(again, "bob", 4), HasSubstr(R"("processed":4,"lost":0)"));
}

TEST_F(ResumeTest, CountsGoOnOverResumes) {
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);
  bob.read();
  leave(bob);
  Client second = connect();
  resume(second, "bob", 1);
  EXPECT_EQ(second.ask(R"({"type":"ping"})"), R"({"type":"pong"})");
  leave(second);
  signal(alice, "bob", "3");
  Client third = connect();
  EXPECT_THAT(resume(third, "bob", 2), HasSubstr(R"("processed":2,"lost":0)"));
  EXPECT_THAT(third.heard(), ElementsAre(HasSubstr(R"("payload":3)")));
}

TEST_F(ResumeTest, AResumedThatIsLostCostsNothing) {
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);
  bob.read();
  leave(bob);
  for (int i = 0; i < 3; ++i) signal(alice, "bob", std::to_string(i));
  settle();
  const std::string used = token("bob");
  Client lost = connect();
  resume(lost, "bob", 1);
  leave(lost);
  Client again = connect();
  note_token("bob", resume_with(again, used, 1));
  EXPECT_THAT(again.heard(), SizeIs(3));
  // It has been heard with the token that this has brought.
  leave(again);
  Client late = connect();
  EXPECT_EQ(resume_with(late, used, 1), error(404, "session not found"));
  EXPECT_THAT(resume(late, "bob", 5), HasSubstr(R"("type":"resumed")"));
}

TEST_F(ResumeTest, OfThreeTokensTheUsedAndTheLatestAreGood) {
  Client bob = resumable("bob");
  const std::string first = token("bob");
  leave(bob);
  Client one = connect();
  resume(one, "bob", 0);
  const std::string second = token("bob");
  leave(one);
  Client two = connect();
  EXPECT_THAT(resume_with(two, first, 0), HasSubstr("resumed"));
  leave(two);
  Client three = connect();
  // Its `resumed` came to a connection that has not been heard: what came later with the first
  // token took its place.
  EXPECT_EQ(resume_with(three, second, 0), error(404, "session not found"));
  EXPECT_THAT(resume_with(three, first, 0), HasSubstr("resumed"));
}

TEST_F(ResumeTest, ASessionIsTakenOverWhileItsConnectionStands) {
  Client carol = peer_in("lobby", "carol");
  Client bob = resumable("bob");
  join(bob);
  settle();
  carol.heard();
  Client newer = connect();
  EXPECT_THAT(resume(newer, "bob", 1), HasSubstr(R"("processed":1,"lost":0)"));
  EXPECT_THAT(bob.end(), testing::Contains("4001 replaced by a newer connection"));
  signal(carol, "bob", "1");
  EXPECT_THAT(newer.heard(), ElementsAre(HasSubstr(R"("type":"signal")")));
  EXPECT_THAT(carol.heard(), IsEmpty());
  EXPECT_EQ(node().peers.count(), 2U);
}

TEST_F(ResumeTest, ASessionIsTakenOverAtMost20TimesIn10Seconds) {
  std::vector<Client> connections;
  connections.push_back(resumable("bob"));
  for (int i = 0; i < 20; ++i) {
    connections.push_back(connect());
    EXPECT_THAT(resume(connections.back(), "bob", 0), HasSubstr("resumed"));
  }
  Client newer = connect();
  newer.send("resume", resume_payload(token("bob"), 0));
  EXPECT_THAT(newer.end(), ElementsAre("1013 replaced too often"));
  EXPECT_EQ(connections.back().ask(R"({"type":"ping"})"), R"({"type":"pong"})");
}

class LoopsResumeTest : public ResumeTest {
 protected:
  LoopsResumeTest() { loops_ = 2; }
};

TEST_F(LoopsResumeTest, AConnectionMovesToTheLoopOfItsSession) {
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob", 0);
  join(bob);
  bob.read();
  leave(bob);
  signal(alice, "bob", "1");
  settle();
  Client elsewhere = connect(1);
  EXPECT_THAT(resume(elsewhere, "bob", 1), HasSubstr("resumed"));
  EXPECT_THAT(elsewhere.heard(), ElementsAre(HasSubstr(R"("payload":1)")));
  EXPECT_EQ(node().loops[1]->stats().connections, 0U);
  EXPECT_EQ(node().loops[0]->stats().connections, 2U);
  signal(alice, "bob", "2");
  EXPECT_THAT(elsewhere.heard(), ElementsAre(HasSubstr(R"("payload":2)")));
  leave(elsewhere);
  EXPECT_EQ(node().loops[0]->stats().connections, 1U);
}

TEST_F(LoopsResumeTest, WhatIsBehindResumeMovesWithIt) {
  Client bob = resumable("bob", 0);
  leave(bob);
  Client elsewhere = connect(1);
  const std::string ping = encode({.payload = R"({"type":"ping","id":1})"});
  elsewhere.send_bytes(encode({.payload = R"({"type":"resume","payload":)" +
                                          resume_payload(token("bob"), 0) + "}"}) +
                       ping + ping.substr(0, 9));
  EXPECT_THAT(elsewhere.read(), HasSubstr("resumed"));
  EXPECT_EQ(elsewhere.read(), R"({"type":"pong","id":1})");
  elsewhere.send_bytes(ping.substr(9));
  EXPECT_EQ(elsewhere.read(), R"({"type":"pong","id":1})");
}

TEST_F(LoopsResumeTest, WhoIsTurnedAwayThereMayRegisterOrTryAgain) {
  Client bob = resumable("bob", 0);
  leave(bob);
  Client elsewhere = connect(1);
  EXPECT_EQ(resume_with(elsewhere, token("bob"), 7, R"("id":1)"),
            error(404, "session not found", "1"));
  EXPECT_THAT(resume(elsewhere, "bob", 0), HasSubstr("resumed"));
  Client alice = connect(1);
  EXPECT_EQ(resume_with(alice, token("bob"), 7), error(404, "session not found"));
  EXPECT_THAT(alice.ask("register", R"({"public_key":"alice"})"), HasSubstr("registered"));
}

TEST_F(LoopsResumeTest, AConnectionThatStandsIsTakenOverFromAnotherLoop) {
  Client bob = resumable("bob", 0);
  Client newer = connect(1);
  EXPECT_THAT(resume(newer, "bob", 0), HasSubstr("resumed"));
  EXPECT_THAT(bob.end(), ElementsAre("4001 replaced by a newer connection"));
  EXPECT_EQ(newer.ask(R"({"type":"ping"})"), R"({"type":"pong"})");
}

TEST_F(ResumeTest, WhatIsNoSessionIs404AndUsesNothingUp) {
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);
  bob.read();
  leave(bob);
  const std::vector<std::string> payloads = {
      resume_payload(std::string(32, 'a'), 0),
      resume_payload("", 0),
      resume_payload("short", 0),
      resume_payload(std::string(31, 'a') + "+", 0),
      resume_payload(token("bob") + "a", 0),
      resume_payload(token("bob"), 2),
      R"({"token":")" + token("bob") + R"(","received":-1})",
      R"({"token":")" + token("bob") + R"(","received":0.5})",
      R"({"token":")" + token("bob") + R"(","received":1e99})",
  };
  for (const std::string& payload : payloads) {
    SCOPED_TRACE(payload);
    Client wrong = connect();
    EXPECT_EQ(wrong.ask("resume", payload, R"("id":5)"), error(404, "session not found", "5"));
    EXPECT_EQ(wrong.ask("resume", payload), error(404, "session not found"));
    wrong.send("resume", payload);
    EXPECT_THAT(wrong.end(),
                ElementsAre(error(404, "session not found"), "1008 session not found"));
  }
  Client again = connect();
  EXPECT_THAT(resume(again, "bob", 1), HasSubstr("resumed"));
}

TEST_F(ResumeTest, WhatHasNotLeftYetNobodyHas) {
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);
  bob.read();
  signal(alice, "bob", "1");
  EXPECT_THAT(bob.read(), HasSubstr(R"("payload":1)"));
  leave(bob);
  signal(alice, "bob", "2");
  signal(alice, "bob", "3");
  settle();
  Client again = connect();
  EXPECT_EQ(resume_with(again, token("bob"), 3), error(404, "session not found"));
  EXPECT_EQ(resume_with(again, token("bob"), 4), error(404, "session not found"));
  EXPECT_THAT(resume(again, "bob", 2), HasSubstr("resumed"));
  EXPECT_THAT(again.heard(), SizeIs(2));
}

TEST_F(ResumeTest, WhatIsQueuedBeforeTheServersCloseLeavesAllTheSame) {
  Client bob = resumable("bob");
  on_loop(0, [&] {
    Session& session = session_named("bob");
    session.send(text_frame("1"));
    session.transport()->close(CloseCode::kGoingAway, "bye");
  });
  EXPECT_THAT(bob.end(), ElementsAre("1", "1001 bye"));
  Client again = connect();
  EXPECT_THAT(resume(again, "bob", 1), HasSubstr("resumed"));
}

/// Clients that are sent more than their sockets take.
class SlowResumeTest : public ResumeTest {
 protected:
  static constexpr int kMany = 64;
  SlowResumeTest() { config_.resume_buffer_bytes = 100'000'000; }
  /// Alice sends bob many large messages, which he reads.
  static void fill(Client& alice, Client& bob) {
    for (int i = 1; i <= kMany; ++i) {
      signal(alice, "bob", large(i));
      expect_large(bob, i);
    }
    alice.heard();
  }
  static std::string large(int number) {
    return '"' + std::to_string(number) + std::string(60'000, ' ') + '"';
  }
  static void expect_large(Client& client, int number) {
    EXPECT_THAT(client.read(), HasSubstr(R"("payload":)" + large(number)));
  }
};

TEST_F(SlowResumeTest, WhatIsQueuedHasNotLeftYet) {
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);
  bob.read();
  fill(alice, bob);
  Client newer = connect();
  newer.send("resume", resume_payload(token("bob"), 1));
  settle();
  // He has had all of it once, and the replay, which he does not read, takes nothing of that back.
  signal(alice, "bob", "1");
  newer.send("ping", R"({"received":66})", R"("id":1)");
  newer.send("ping", R"({"received":65})", R"("id":2)");
  settle();
  Client third = connect();
  EXPECT_EQ(resume_with(third, token("bob"), 66), error(404, "session not found"));
  note_token("bob", newer.read());
  for (int i = 1; i <= kMany; ++i) expect_large(newer, i);
  EXPECT_THAT(newer.read(), HasSubstr(R"("payload":1)"));
  EXPECT_EQ(newer.read(), error(400, "received too large", "1"));
  EXPECT_EQ(newer.read(), R"({"type":"pong","id":2})");
  newer.drop();
  EXPECT_THAT(resume(third, "bob", 66), HasSubstr("resumed"));
}

TEST_F(SlowResumeTest, AReplayLeavesItsRoomToWhatIsNew) {
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);
  bob.read();
  fill(alice, bob);
  leave(bob);
  Client again = connect();
  again.send("resume", resume_payload(token("bob"), 1));
  settle();
  // send_buffer_size is 32, and he does not read.
  for (int i = 1; i <= 32; ++i) {
    EXPECT_EQ(alice.ask("signal", std::to_string(i), R"("to":"bob","id":1)"), ack("1", 1)) << i;
  }
  EXPECT_EQ(alice.ask("signal", "33", R"("to":"bob","id":2)"), ack("2", 0, 1));
  note_token("bob", again.read());
  for (int i = 1; i <= kMany; ++i) expect_large(again, i);
  for (int i = 1; i <= 32; ++i) {
    EXPECT_THAT(again.read(), HasSubstr(R"("payload":)" + std::to_string(i)));
  }
  leave(again);
  Client third = connect();
  EXPECT_THAT(resume(third, "bob", 1 + kMany + 32), HasSubstr(R"("lost":1)"));
}

TEST_F(ResumeTest, AWrongFieldEndsTheConnectionAsOneOfRegisterDoes) {
  const std::vector<std::pair<std::string, std::string>> faults = {
      {"{}", "token required"},
      {R"({"token":7,"received":0})", "token must be a string"},
      {R"({"token":"a"})", "received required"},
      {R"({"token":"a","received":null})", "received required"},
      {R"({"token":"a","received":"0"})", "received must be a number"},
      {"[]", "payload must be an object"},
  };
  for (const auto& [payload, words] : faults) {
    SCOPED_TRACE(payload);
    Client wrong = connect();
    wrong.send("resume", payload);
    EXPECT_THAT(wrong.end(), ElementsAre(error(400, words), "1008 " + words));
  }
}

TEST_F(ResumeTest, ARefusedClientMayRegister) {
  Client bob = connect();
  EXPECT_EQ(resume_with(bob, std::string(32, 'x'), 0), error(404, "session not found"));
  EXPECT_THAT(bob.ask("register", R"({"public_key":"bob","resume":true})"), HasSubstr("token"));
}

TEST_F(ResumeTest, OnARegisteredConnectionItIsAnError) {
  Client bob = resumable("bob");
  EXPECT_EQ(resume_with(bob, token("bob"), 0), error(400, "already registered"));
  leave(bob);
  Client again = connect();
  EXPECT_THAT(resume(again, "bob", 1), HasSubstr(R"("processed":0)"));  // a `resume` counts nowhere
}

TEST_F(ResumeTest, OfWhatWasSentTheLatestAreKept) {
  config_.resume_buffer_size = 3;
  Client bob = resumable("bob");
  for (int i = 1; i <= 5; ++i) {
    bob.ask("ping", {}, "\"id\":" + std::to_string(i));
  }
  leave(bob);
  Client again = connect();
  EXPECT_EQ(resume_with(again, token("bob"), 1), error(404, "session not found"));
  EXPECT_THAT(resume(again, "bob", 2), HasSubstr(R"("lost":0)"));
  EXPECT_EQ(again.read(), R"({"type":"pong","id":3})");
}

TEST_F(ResumeTest, OfTheirBytesTheLatestAreKept) {
  config_.resume_buffer_bytes = 2 * (2 + sizeof R"({"type":"pong","id":1})" - 1);
  Client bob = resumable("bob");
  for (int i = 1; i <= 5; ++i) {
    bob.ask("ping", {}, "\"id\":" + std::to_string(i));
  }
  leave(bob);
  Client again = connect();
  EXPECT_EQ(resume_with(again, token("bob"), 2), error(404, "session not found"));
  EXPECT_THAT(resume(again, "bob", 3), HasSubstr("resumed"));
}

TEST_F(ResumeTest, TheLatestMessageIsKeptHoweverLongItIs) {
  config_.resume_buffer_bytes = 1;
  Client bob = resumable("bob");
  bob.ask(R"({"type":"ping"})");
  leave(bob);
  Client again = connect();
  EXPECT_THAT(resume(again, "bob", 0), HasSubstr("resumed"));
}

TEST_F(ResumeTest, PingSaysWhatNeedNotBeKept) {
  Client bob = resumable("bob");
  for (int i = 1; i <= 4; ++i) bob.ask("ping", {}, "\"id\":" + std::to_string(i));
  EXPECT_EQ(bob.ask("ping", R"({"received":4})"), R"({"type":"pong"})");
  // The answer itself.
  EXPECT_EQ(kept_bytes(), 2 + sizeof R"({"type":"pong"})" - 1);
  leave(bob);
  Client again = connect();
  EXPECT_EQ(resume_with(again, token("bob"), 3), error(404, "session not found"));
  EXPECT_THAT(resume(again, "bob", 4), HasSubstr("resumed"));
}

TEST_F(ResumeTest, PingWithWhatCannotBeIs400) {
  Client bob = resumable("bob");
  EXPECT_EQ(bob.ask("ping", R"({"received":"1"})"), error(400, "received must be an integer"));
  EXPECT_EQ(bob.ask("ping", R"({"received":1.5})"), error(400, "received must be an integer"));
  EXPECT_EQ(bob.ask("ping", R"({"received":-1})"), error(400, "received must not be negative"));
  EXPECT_EQ(bob.ask("ping", R"({"received":4})"), error(400, "received too large"));
  EXPECT_EQ(bob.ask("ping", R"({"received":4})"), R"({"type":"pong"})");
  EXPECT_EQ(bob.ask("ping", R"({"received":1})"), R"({"type":"pong"})");  // known already
  EXPECT_EQ(bob.ask("ping", R"({"received":null})"), R"({"type":"pong"})");
}

TEST_F(ResumeTest, PingWithoutASessionIsAPing) {
  Client alice = peer("alice");
  EXPECT_EQ(alice.ask("ping", R"({"received":"x"})"), R"({"type":"pong"})");
}

TEST_F(ResumeTest, WhatIsKeptIsSharedWithAllWhoHaveIt) {
  Client alice = peer_in("lobby", "alice");
  std::vector<Client> members;
  for (const char* name : {"bob", "carol", "dave"}) {
    members.push_back(resumable(name));
    join(members.back());
  }
  settle();
  alice.send("broadcast", R"({"namespace":"lobby","data":")" + std::string(1000, 'x') + "\"}");
  for (Client& member : members) member.heard();
  std::vector<FrameRef> latest;
  on_loop(0, [&] {
    for (const char* name : {"bob", "carol", "dave"}) {
      const Resumable& state = *session_named(name).resumable;
      for (std::uint32_t i = 0; i < state.kept.count(); ++i) {
        if (state.kept.at(i).size() > 1000) latest.push_back(state.kept.at(i));
      }
    }
  });
  ASSERT_THAT(latest, SizeIs(3));
  EXPECT_EQ(latest[0], latest[1]);
  EXPECT_EQ(latest[1], latest[2]);
}

TEST_F(ResumeTest, WhoHasNotAskedHasAPointerMore) {
  const Client alice = peer("alice");
  on_loop(0, [&] { EXPECT_EQ(session_named("alice").resumable, nullptr); });
  EXPECT_EQ(kept_bytes(), 0U);
}

TEST_F(ResumeTest, SessionsGetOlderThanResumeMaxAge) {
  config_.resume_max_age = milliseconds(1);
  Client alice = peer_in("lobby", "alice");
  Client bob = resumable("bob");
  join(bob);
  alice.read();
  bob.drop();
  EXPECT_EQ(alice.read(), peer_left("lobby", "bob"));
  settle();
  Client again = connect();
  EXPECT_EQ(resume_with(again, token("bob"), 1), error(404, "session not found"));
}

TEST_F(ResumeTest, TokensStandNowhereInClear) {
  Client bob = resumable("bob");
  on_loop(0,
          [&] { EXPECT_EQ(session_named("bob").resumable->token, fingerprint_of(token("bob"))); });
  leave(bob);
  for (const char* path : {"/stats", "/health", "/ready"}) {
    const std::string answer = http("GET", path);
    EXPECT_THAT(answer, HasSubstr("200 OK"));
    EXPECT_THAT(answer, testing::Not(HasSubstr(token("bob"))));
  }
}

TEST_F(ResumeTest, TheyAreCounted) {
  Client bob = resumable("bob");
  Client carol = resumable("carol");
  leave(bob);
  EXPECT_THAT(http("GET", "/stats"),
              HasSubstr(R"("sessions":{"resumable":2,"away":1,"parked":0,"resumed":0,)"
                        R"("expired":0,"replayed":0})"));
}

}  // namespace
}  // namespace peer::test
