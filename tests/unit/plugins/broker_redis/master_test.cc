#include "master.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/unit/plugins/broker_redis/fake_redis.h"

namespace peer_redis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Two parts at one Redis, a node of a Cluster.
class MasterTest : public testing::Test {
 protected:
  MasterTest() { options_.parts = 2; }
  void SetUp() override {
    redis_.run([this] {
      masters_ = std::make_unique<Masters>(redis_.loop(), options_);
      redis_.loop().at_round_end([this] { masters_->flush(); });
      master_ = enter(a_);
      master_->open();
    });
    commands_ = std::make_unique<FakeConnection>(redis_.accept());
    channels_ = std::make_unique<FakeConnection>(redis_.accept());
    commands_->read_until("READWRITE");
    commands_->say("+OK\r\n");
    redis_.lines_until("a knows");
  }
  void TearDown() override {
    redis_.run([this] {
      master_->leave(a_);
      master_->leave(b_);
      redis_.loop().at_round_end([] {});
      master_.reset();
      masters_.reset();
    });
  }
  std::shared_ptr<Master> enter(Master::User& user) {
    return masters_->enter({Endpoint{}, redis_.address()}, user);
  }
  Master::User user(const std::string& name) {
    const auto noting = [this](std::string line) { return [this, line] { redis_.note(line); }; };
    return {
        noting(name + " knows"),
        noting(name + " has scripts"),
        noting(name + " has lost scripts"),
        noting(name + " subscribed"),
        noting(name + " unsubscribed"),
        noting(name + " lost its channel"),
        [this, name](std::string_view, std::string_view message) {
          redis_.note(name + ": " + std::string(message));
        },
        [this, name](std::string_view why) { redis_.note(name + " failed: " + std::string(why)); },
        Commands::Lane({[](std::string_view) {}, [](std::string_view) {}})};
  }
  void subscribe(Master::User& user, const std::string& channel) {
    redis_.run([&] { master_->subscribe(user, {channel}); });
  }
  /// Behind what is said of a channel that has been given up.
  void say_end() { say("unsubscribe", "of a", ":2"); }
  void say(const std::string& kind, const std::string& channel, const std::string& last) {
    channels_->say("*3\r\n+" + kind + "\r\n+" + channel + "\r\n" + last + "\r\n");
  }

  Options options_;
  FakeRedis redis_;
  std::unique_ptr<Masters> masters_;
  std::shared_ptr<Master> master_;
  Master::User a_ = user("a");
  Master::User b_ = user("b");
  std::unique_ptr<FakeConnection> commands_;
  std::unique_ptr<FakeConnection> channels_;
};

TEST_F(MasterTest, WhoComesToTheSamePlaceSharesItsConnections) {
  redis_.run([this] { EXPECT_EQ(enter(b_), master_); });
  subscribe(a_, "of a");
  EXPECT_THAT(channels_->read_until("of a"), HasSubstr("SSUBSCRIBE"));
  subscribe(b_, "of b");
  channels_->read_until("of b");
  say("ssubscribe", "of a", ":1");
  say("ssubscribe", "of b", ":2");
  say("smessage", "of b", "+one");
  say("smessage", "of a", "+two");
  EXPECT_THAT(redis_.lines_until("a: two"),
              ElementsAre("a subscribed", "b subscribed", "b: one", "a: two"));
}

TEST_F(MasterTest, AnErrorIsThatOfTheOldestQuestion) {
  redis_.run([this] { enter(b_); });
  subscribe(a_, "of a");
  subscribe(b_, "of b");
  channels_->read_until("of b");
  say("ssubscribe", "of a", ":1");
  channels_->say("-MOVED 1 h:1\r\n");
  EXPECT_THAT(redis_.lines_until("b failed: MOVED 1 h:1"),
              ElementsAre("a subscribed", "b failed: MOVED 1 h:1"));
}

TEST_F(MasterTest, WhatComesByAnEarlierSubscriptionIsNobodys) {
  redis_.run([this] { enter(b_); });
  subscribe(a_, "of a");
  subscribe(b_, "of b");
  channels_->read_until("of b");
  say("ssubscribe", "of a", ":1");
  say("ssubscribe", "of b", ":2");
  redis_.lines_until("b subscribed");
  redis_.run([this] {
    master_->leave(a_);
    enter(a_);
  });
  subscribe(a_, "of a");
  channels_->read_until("SSUBSCRIBE");
  say("smessage", "of a", "+before");
  say("sunsubscribe", "of a", ":1");
  say_end();
  say("smessage", "of a", "+between");
  say("ssubscribe", "of a", ":2");
  say("smessage", "of a", "+behind");
  EXPECT_THAT(redis_.lines_until("a: behind"), ElementsAre("a subscribed", "a: behind"));
  std::uint64_t unheard = 0;
  redis_.run([&] { unheard = master_->take_unheard(); });
  EXPECT_EQ(unheard, 2U);
}

TEST_F(MasterTest, ASubscriptionThatEndsUnaskedIsLostAndTheOthersGoOn) {
  redis_.run([this] { enter(b_); });
  subscribe(a_, "of a");
  subscribe(b_, "of b");
  channels_->read_until("of b");
  say("ssubscribe", "of a", ":1");
  say("ssubscribe", "of b", ":2");
  say("sunsubscribe", "of a", ":1");
  say("smessage", "of b", "+one");
  EXPECT_THAT(redis_.lines_until("b: one"),
              ElementsAre("a subscribed", "b subscribed", "a lost its channel", "b: one"));
}

TEST_F(MasterTest, AnEndThatWasAskedForIsNoLoss) {
  subscribe(a_, "of a");
  channels_->read_until("of a");
  say("ssubscribe", "of a", ":1");
  redis_.run([this] { master_->unsubscribe("of a"); });
  channels_->read_until("SUNSUBSCRIBE");
  say("sunsubscribe", "of a", ":0");
  say_end();
  EXPECT_THAT(redis_.lines_until("a unsubscribed"), ElementsAre("a subscribed", "a unsubscribed"));
}

// The slot of a is elsewhere: Redis ends the subscription before it hears that a gives it up.
TEST_F(MasterTest, AnEndThatRedisRefusesConcernsNobody) {
  redis_.run([this] { enter(b_); });
  subscribe(a_, "of a");
  channels_->read_until("of a");
  say("ssubscribe", "of a", ":1");
  redis_.lines_until("a subscribed");
  redis_.run([this] { master_->leave(a_); });
  subscribe(b_, "of b");
  channels_->read_until("of b");
  say("sunsubscribe", "of a", ":0");
  channels_->say("-MOVED 1 h:1\r\n");
  say_end();
  say("ssubscribe", "of b", ":1");
  say("smessage", "of b", "+one");
  EXPECT_THAT(redis_.lines_until("b: one"), ElementsAre("b subscribed", "b: one"));
}

TEST_F(MasterTest, TheEndOfAnEarlierSubscriptionIsNoLoss) {
  redis_.run([this] { enter(b_); });
  subscribe(a_, "of a");
  channels_->read_until("of a");
  say("ssubscribe", "of a", ":1");
  redis_.lines_until("a subscribed");
  subscribe(b_, "of b");
  redis_.run([this] {
    master_->leave(a_);
    enter(a_);
  });
  subscribe(a_, "of a");
  channels_->read_until("SUNSUBSCRIBE");
  say("sunsubscribe", "of a", ":0");
  channels_->say("-MOVED 1 h:1\r\n");  // for b
  channels_->say("-MOVED 1 h:1\r\n");
  say_end();
  say("ssubscribe", "of a", ":1");
  EXPECT_THAT(redis_.lines_until("a subscribed"),
              ElementsAre("b failed: MOVED 1 h:1", "a subscribed"));
}

TEST_F(MasterTest, AnEndWithoutAnAnswerEndsTheConnections) {
  redis_.run([this] { enter(b_); });
  subscribe(a_, "of a");
  channels_->read_until("of a");
  say("ssubscribe", "of a", ":1");
  redis_.lines_until("a subscribed");
  redis_.run([this] { master_->leave(a_); });
  channels_->read_until("SUNSUBSCRIBE");
  channels_->say("-BUSY\r\n-BUSY\r\n");
  EXPECT_THAT(redis_.lines_until("b failed: BUSY"), ElementsAre("b failed: BUSY"));
}

TEST_F(MasterTest, WhenOneConnectionFailsAllHearOfItOnce) {
  redis_.run([this] { enter(b_); });
  channels_->close();
  EXPECT_THAT(redis_.lines_until("b failed: closed by Redis"),
              ElementsAre("a failed: closed by Redis", "b failed: closed by Redis"));
  redis_.run([this] { EXPECT_FALSE(master_->is_open()); });
}

TEST_F(MasterTest, TheLastWhoLeavesTakesTheConnectionsAlong) {
  redis_.run([this] {
    enter(b_);
    master_->leave(a_);
    EXPECT_TRUE(master_->is_open());
    master_->leave(b_, true);
    EXPECT_FALSE(master_->is_open());
  });
  EXPECT_EQ(commands_->read_until("none of this comes"), "");  // but the end does
}

// Whoever is refused tries again soon.
TEST_F(MasterTest, WhatWorksIsKeptForAWhile) {
  subscribe(a_, "of a");
  channels_->read_until("of a");
  say("ssubscribe", "of a", ":1");
  redis_.lines_until("a subscribed");
  redis_.run([this] {
    master_->leave(a_);
    EXPECT_TRUE(master_->is_open());
  });
  channels_->read_until("SUNSUBSCRIBE");
  say_end();
  redis_.run([this] { EXPECT_EQ(enter(a_), master_); });
  subscribe(a_, "of a");
  channels_->read_until("SSUBSCRIBE");
  say("ssubscribe", "of a", ":1");
  say("smessage", "of a", "+one");
  EXPECT_THAT(redis_.lines_until("a: one"), ElementsAre("a subscribed", "a: one"));
  redis_.run([this] { master_->leave(a_); });
  EXPECT_EQ(commands_->read_until("none of this comes"), "");  // but the end does
  redis_.run([this] { EXPECT_FALSE(master_->is_open()); });
}

}  // namespace
}  // namespace peer_redis
