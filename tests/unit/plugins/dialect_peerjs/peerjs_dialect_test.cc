#include "peerjs_dialect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "messages.h"
#include "tests/unit/plugins/dialect_peerjs/fake_host.h"

namespace peer_peerjs {
namespace {

using peer::sdk::DialectEntry;
using peer::sdk::DialectRefusal;
using peer::sdk::DialectRejection;
using peer::sdk::DialectRequest;
using peer::sdk::DialectResponse;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::MatchesRegex;
using testing::Pair;
using Reason = DialectRefusal::Reason;

class PeerJsDialectTest : public testing::Test {
 protected:
  PeerJsDialect& dialect(Options options = {}) {
    dialect_ = std::make_unique<PeerJsDialect>(std::move(options));
    dialect_->start(host_);
    return *dialect_;
  }
  static DialectRequest get(std::string_view path, std::string_view query = {}) {
    DialectRequest request;
    request.method = "GET";
    request.path = path;
    request.query = query;
    return request;
  }
  /// What a client with this query hears; "enters" when it is let in.
  std::string opens(std::string_view query) {
    const auto answer = dialect().open(get("/peerjs", query));
    const auto* rejection = std::get_if<DialectRejection>(&answer);
    return rejection == nullptr ? "enters" : rejection->text;
  }

  FakeHost host_;
  std::unique_ptr<PeerJsDialect> dialect_;
};

std::string at(std::string path) { return path; }

TEST_F(PeerJsDialectTest, AtTheRootItTakesNoMoreThanItsPaths) {
  const auto traits = dialect().traits();
  EXPECT_EQ(traits.upgrade_path, "/peerjs");
  EXPECT_THAT(traits.http_paths, ElementsAre("/", "/peerjs/id", "/peerjs/peers"));
  EXPECT_EQ(traits.home, "");
}

TEST_F(PeerJsDialectTest, BelowAPathItTakesThatPathToo) {
  const auto traits = dialect({.path = at("/myapp/"), .key = "k", .ns = "lobby"}).traits();
  EXPECT_EQ(traits.upgrade_path, "/myapp/peerjs");
  EXPECT_THAT(traits.http_paths, ElementsAre("/myapp", "/myapp/k/id", "/myapp/k/peers"));
  EXPECT_EQ(traits.home, "lobby");
}

TEST_F(PeerJsDialectTest, AnotherPathOrKeyIsAnotherRealm) {
  const auto realm = [&](Options options) { return dialect(std::move(options)).traits().realm; };
  EXPECT_NE(realm({}), realm({.path = at("/myapp/")}));
  EXPECT_NE(realm({}), realm({.key = "k"}));
  EXPECT_EQ(realm({}), realm({.allow_discovery = true}));
}

TEST_F(PeerJsDialectTest, WhoShowsIdTokenAndKeyEnters) {
  const auto answer =
      dialect().open(get("/peerjs", "key=peerjs&id=al%20ice&token=t%26&version=1.5.5"));
  const auto& entry = std::get<DialectEntry>(answer);
  EXPECT_EQ(entry.id, "al ice");
  EXPECT_EQ(entry.token, "t&");
}

TEST_F(PeerJsDialectTest, WhatIsMissingOrWrongIsToldInThisOrder) {
  const std::string missing = error(kMissing);
  for (const char* query :
       {"", "id=a&token=t", "key=peerjs&token=t", "key=peerjs&id=a", "key=peerjs&id=&token=t",
        "key=wrong&id=a&token=", "key=&id=a&token=t"}) {
    EXPECT_EQ(opens(query), missing) << query;
  }
  EXPECT_EQ(opens("key=wrong&id=a&token=t"), error(kWrongKey));
  EXPECT_EQ(opens("key=peerjs&id=a&token=t"), "enters");
}

TEST_F(PeerJsDialectTest, AmongSeveralAtOnePathTheKeyDecides) {
  dialect({.key = "k"});
  EXPECT_TRUE(dialect_->takes(get("/peerjs", "key=k")));
  EXPECT_FALSE(dialect_->takes(get("/peerjs", "key=peerjs")));
  EXPECT_FALSE(dialect_->takes(get("/peerjs")));
  EXPECT_TRUE(dialect_->takes(get("/")));
}

TEST_F(PeerJsDialectTest, ARefusalHasTheWordsThatClientsKnow) {
  const auto text = [&](Reason reason) {
    return dialect().refusal({reason, 401, "token \"expired\""});
  };
  EXPECT_EQ(text(Reason::kTaken), R"({"type":"ID-TAKEN","payload":{"msg":"ID is taken"}})");
  EXPECT_EQ(text(Reason::kTooMany), error(kTooMany));
  EXPECT_EQ(text(Reason::kFull), error(kTooMany));
  EXPECT_EQ(text(Reason::kInvalid), error(kMissing));
  for (const Reason reason : {Reason::kBanned, Reason::kOrigin, Reason::kUnauthorized,
                              Reason::kNotAllowed, Reason::kOther}) {
    EXPECT_EQ(text(reason), R"({"type":"ERROR","payload":{"msg":"token \"expired\""}})");
  }
}

TEST_F(PeerJsDialectTest, ItSaysWhatItIs) {
  dialect({.path = at("/myapp/")});
  for (const char* path : {"/myapp", "/myapp/"}) {
    const DialectResponse about = dialect_->answer(get(path));
    EXPECT_EQ(about.status, 200);
    EXPECT_EQ(about.content_type, "application/json");
    EXPECT_THAT(about.body, MatchesRegex(R"(\{"name":".+","description":".+","website":".+"\})"));
    EXPECT_TRUE(about.allow_pages);
  }
}

TEST_F(PeerJsDialectTest, AnIdIsARandomUuid) {
  const DialectResponse answer = dialect().answer(get("/peerjs/id", "ts=1&version=1.5.5"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.content_type, HasSubstr("text/"));
  EXPECT_EQ(answer.body, "ffffffff-ffff-4fff-afff-ffffffffffff");
  EXPECT_THAT(answer.headers, Contains(Pair("Cache-Control", "no-store")));
}

TEST_F(PeerJsDialectTest, IdsAreListedOnlyWhereThatIsAllowed) {
  const std::vector<std::string> ids{"alice", "b\"ob"};
  DialectRequest request = get("/peerjs/peers");
  EXPECT_EQ(dialect().answer(request).status, 401);
  EXPECT_TRUE(dialect().answer(request).allow_pages);
  dialect({.allow_discovery = true});
  EXPECT_TRUE(dialect_->answer(request).wants_ids);
  request.ids = &ids;
  const DialectResponse list = dialect_->answer(request);
  EXPECT_FALSE(list.wants_ids);
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.body, R"(["alice","b\"ob"])");
}

TEST_F(PeerJsDialectTest, PagesOfOtherOriginsMayAskWhetherTheyMayAsk) {
  DialectRequest request = get("/peerjs/id");
  request.method = "OPTIONS";
  const DialectResponse answer = dialect().answer(request);
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.body, "");
  EXPECT_TRUE(answer.allow_pages);
  EXPECT_THAT(answer.headers, Contains(Key("Access-Control-Allow-Methods")));
}

}  // namespace
}  // namespace peer_peerjs
