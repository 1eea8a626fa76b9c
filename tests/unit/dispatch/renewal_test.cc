// Grants that end, of a plugin that is asked again before they do: docs/protocol.md, "C.3
// Authentication".
#include <chrono>

#include "core/base/time.h"
#include "tests/unit/dispatch/node_test.h"
#include "tests/unit/dispatch/resume_test.h"

namespace peer::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kExpired = "authentication expired";

/// A grant that ends so soon, for namespaces that match `pattern`.
sdk::AuthGrant ending_in(milliseconds time, std::string pattern = "*") {
  sdk::AuthGrant grant = grant_for({std::move(pattern)});
  grant.expires = wall_now() + time;
  return grant;
}

class RenewalTest : public WithSessions<NodeTest> {
 protected:
  RenewalTest() { auth_.renewing = true; }

  /// A peer whose grant of a second is being asked about again.
  Client peer_asked_about() {
    auth_.verdicts.always(ending_in(milliseconds(1'000), "lobby"));
    Client alice = peer("alice");
    auth_.verdicts.hold();
    auth_.verdicts.wait();
    return alice;
  }
  static void expect_expired(Client& client) {
    EXPECT_THAT(client.end(), ElementsAre(error(401, kExpired), std::string("4003 ") + kExpired));
  }
};

TEST_F(RenewalTest, TheNewGrantReplacesRightsAndEnd) {
  Client alice = peer_asked_about();
  // Whatever she asks for meanwhile is answered.
  EXPECT_THAT(alice.ask("join", R"({"namespace":"den"})"), HasSubstr("403"));
  auth_.verdicts.release(grant_for({"den"}));
  settle();
  EXPECT_THAT(alice.ask("join", R"({"namespace":"den"})"), HasSubstr("peer_list"));
  EXPECT_THAT(alice.ask("join", R"({"namespace":"lobby"})"), HasSubstr("403"));
}

TEST_F(RenewalTest, ThePluginIsAskedTheSameAgainWithWhatItHasGranted) {
  Client alice = peer_asked_about();
  EXPECT_THAT(auth_.payload(), HasSubstr("\"public_key\":\"alice\""));
  ASSERT_TRUE(auth_.granted());
  EXPECT_THAT(auth_.granted()->namespaces, ElementsAre("lobby"));
  // And again, as often as it grants an end.
  auth_.verdicts.release(ending_in(milliseconds(300), "den"));
  auth_.verdicts.wait();
  EXPECT_THAT(auth_.granted()->namespaces, ElementsAre("den"));
  auth_.verdicts.release(grant_for({}));
  settle();
  EXPECT_THAT(alice.ask("ping", {}), HasSubstr("pong"));
}

TEST_F(RenewalTest, ARejectionEndsThePeerAtOnce) {
  Client alice = peer_asked_about();
  auth_.verdicts.release(sdk::AuthRejection{"banned"});
  expect_expired(alice);
}

TEST_F(RenewalTest, AnotherIdentityIsARejection) {
  Client alice = peer_asked_about();
  sdk::AuthGrant somebody;
  somebody.identity = "somebody";
  auth_.verdicts.release(somebody);
  expect_expired(alice);
}

TEST_F(RenewalTest, NonsenseIsARejectionAndLogged) {
  Client alice = peer_asked_about();
  auth_.verdicts.release(sdk::AuthChallenge{"{}", ""});
  expect_expired(alice);
  EXPECT_THAT(log(), ElementsAre(HasSubstr("authenticate: challenged a registered peer")));
}

TEST_F(RenewalTest, WithoutAnAnswerTheGrantEndsWhenItEnds) {
  Client alice = peer_asked_about();
  expect_expired(alice);
  // Too late.
  auth_.verdicts.release(sdk::AuthGrant());
  settle();
}

TEST_F(RenewalTest, WhoPassesIsAskedAgainUntilTheEnd) {
  auth_.verdicts.always(ending_in(milliseconds(2'300)));
  Client alice = peer("alice");
  auth_.verdicts.hold();
  auth_.verdicts.release(sdk::AuthPass{});
  auth_.verdicts.release(sdk::AuthPass{});
  expect_expired(alice);
}

TEST_F(RenewalTest, WhoIsAwayIsAskedAboutWhenItHasComeBack) {
  auth_.verdicts.always(ending_in(milliseconds(2'000)));
  Client bob = resumable("bob");
  Client carol = peer("carol");
  leave(bob);
  auth_.verdicts.hold();
  auth_.verdicts.wait();
  // It would have been bob's turn before hers; his grant has not ended.
  EXPECT_THAT(auth_.payload(), HasSubstr("carol"));
  Client again = connect();
  EXPECT_THAT(resume(again, "bob", 0), HasSubstr("resumed"));
  auth_.verdicts.wait(2);
  EXPECT_THAT(auth_.payload(), HasSubstr("bob"));
  for (int i = 0; i < 2; ++i) auth_.verdicts.release(sdk::AuthGrant());
  settle();
  EXPECT_THAT(again.ask("ping", {}), HasSubstr("pong"));
}

TEST_F(RenewalTest, WhoGoesAwayWhileItIsAskedAboutKeepsItsNewGrant) {
  auth_.verdicts.always(ending_in(milliseconds(1'000)));
  Client bob = resumable("bob");
  auth_.verdicts.hold();
  auth_.verdicts.wait();
  leave(bob);
  auth_.verdicts.release(sdk::AuthGrant());
  settle();
  Client again = connect();
  EXPECT_THAT(resume(again, "bob", 0), HasSubstr("resumed"));
  EXPECT_THAT(again.ask("ping", {}), HasSubstr("pong"));
}

TEST_F(RenewalTest, APluginThatDoesNotRenewIsAskedOnce) {
  auth_.renewing = false;
  auth_.verdicts.always(ending_in(milliseconds(300)));
  Client alice = peer("alice");
  auth_.verdicts.always(grant_for({}));
  expect_expired(alice);
  EXPECT_FALSE(auth_.granted());
}

TEST_F(RenewalTest, APluginSeesThatThePeerIsThere) {
  auth_.verdicts.hold();
  Client alice = connect();
  alice.send("register", R"({"public_key":"alice"})");
  auth_.verdicts.wait();
  EXPECT_FALSE(auth_.asking_peer().expired());
  leave(alice);
  EXPECT_TRUE(auth_.asking_peer().expired());
  auth_.verdicts.release();
  settle();

  Client bob = peer_asked_about();
  EXPECT_FALSE(auth_.asking_peer().expired());
  leave(bob);
  EXPECT_TRUE(auth_.asking_peer().expired());
}

}  // namespace
}  // namespace peer::test
