#include "commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/unit/plugins/broker_redis/fake_redis.h"

namespace peer_redis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// Two parts share a connection.
class CommandsTest : public testing::Test {
 protected:
  void SetUp() override {
    redis_.run([this] {
      commands_ = std::make_unique<Commands>(
          redis_.loop(), std::chrono::seconds(5), true,
          Commands::Events{
              [this](std::string_view why) { redis_.note("all failed: " + text(why)); }, [] {},
              [this] { redis_.note("scripts lost"); }});
      redis_.loop().at_round_end([this] { commands_->flush(); });
      commands_->open(redis_.address(), nullptr, "");
    });
  }
  void TearDown() override {
    redis_.run([this] {
      commands_->answer_none(a_);
      commands_->answer_none(b_);
      redis_.loop().at_round_end([] {});
      commands_.reset();
    });
  }
  static std::string text(std::string_view view) { return std::string(view); }

  void send(Commands::Lane& lane, const std::string& name) {
    commands_->send(lane, {"GET", name}, noting(name));
  }
  void run(Commands::Lane& lane, const std::string& name) {
    commands_->run(lane, {"EVALSHA", name}, noting(name), Commands::Kind::kState);
  }
  OnReply noting(const std::string& name) {
    return [this, name](const Reply* reply) {
      redis_.note(name + ": " + (reply == nullptr ? "none" : text(reply->text())));
    };
  }
  Commands::Lane::Events events(const std::string& name, Commands::Lane& lane) {
    return {[this, name](std::string_view) { redis_.note(name + " refused"); },
            [this, name, &lane](std::string_view why) {
              redis_.note(name + " failed: " + text(why));
              commands_->answer_none(lane);
            }};
  }

  FakeRedis redis_;
  std::unique_ptr<Commands> commands_;
  Commands::Lane a_{events("a", a_)};
  Commands::Lane b_{events("b", b_)};
};

TEST_F(CommandsTest, WhatRedisRefusesToOneLaneDoesNotConcernTheOther) {
  FakeConnection connection = redis_.accept();
  redis_.run([this] {
    send(a_, "a1");
    send(b_, "b1");
    send(a_, "a2");
    send(b_, "b2");
  });
  connection.read_until("b2");
  connection.say("-MOVED 1 h:1\r\n+one\r\n");
  EXPECT_THAT(redis_.lines_until("b1: one"),
              ElementsAre("a refused", "a1: MOVED 1 h:1", "b1: one"));
  // Of the one nothing more is sent, and it fails behind its last reply.
  redis_.run([this] {
    send(a_, "a3");
    send(b_, "b3");
  });
  EXPECT_THAT(connection.read_until("b3"), Not(HasSubstr("a3")));
  connection.say("+two\r\n+three\r\n+four\r\n");
  EXPECT_THAT(redis_.lines_until("b3: four"),
              ElementsAre("a3: none", "a2: two", "a failed: MOVED 1 h:1", "b2: three", "b3: four"));
  redis_.run([this] { send(a_, "a4"); });
  connection.read_until("a4");
  connection.say("+five\r\n");
  EXPECT_THAT(redis_.lines_until("a4: five"), ElementsAre("a4: five"));
}

TEST_F(CommandsTest, WhatIsSaidToABusyRedisGoesInOnePieceWithItsNextAnswer) {
  FakeConnection connection = redis_.accept();
  redis_.run([this] {
    for (int i = 0; i < 9; ++i) send(a_, "early" + std::to_string(i));
  });
  connection.read_until("early8");
  redis_.run([this] { send(a_, "late1"); });
  redis_.run([this] { send(b_, "late2"); });
  redis_.run([] {});  // behind the rounds of both
  EXPECT_FALSE(connection.has_more());
  connection.say("+0\r\n");
  EXPECT_THAT(connection.read_until("late2"), HasSubstr("late1"));
}

TEST_F(CommandsTest, WithAFewCommandsUnderWayTheNextOneIsSentAtOnce) {
  FakeConnection connection = redis_.accept();
  redis_.run([this] {
    for (int i = 0; i < 8; ++i) send(a_, "early" + std::to_string(i));
  });
  connection.read_until("early7");
  redis_.run([this] { send(b_, "late"); });
  EXPECT_THAT(connection.read_until("late"), HasSubstr("late"));
}

TEST_F(CommandsTest, WhatARoundSaysGoesAtItsEnd) {
  FakeConnection connection = redis_.accept();
  redis_.run([&] {
    commands_->send(a_, {"GET", "first"}, [&](const Reply*) {
      send(a_, "second");
      redis_.loop().post([&] {  // behind the sockets of the same round
        EXPECT_FALSE(connection.has_more());
        redis_.note("looked");
        send(b_, "third");
      });
    });
  });
  connection.read_until("first");
  connection.say("+0\r\n");
  redis_.lines_until("looked");
  EXPECT_THAT(connection.read_until("third"), HasSubstr("second"));
}

TEST_F(CommandsTest, CountsTheCommandsOfLanesThatHaveNoReply) {
  FakeConnection connection = redis_.accept();
  redis_.run([this] {
    commands_->send({"PING"}, noting("own"));
    send(a_, "a1");
    send(b_, "b1");
    send(b_, "b2");
    EXPECT_EQ(commands_->pending(), 3U);
    commands_->answer_none(b_);
    EXPECT_EQ(commands_->pending(), 1U);
    send(a_, "a2");
  });
  connection.read_until("a2");
  connection.say("+0\r\n+1\r\n+2\r\n+3\r\n+4\r\n");
  redis_.lines_until("a2: 4");
  redis_.run([this] { EXPECT_EQ(commands_->pending(), 0U); });
}

TEST_F(CommandsTest, WhoHasLeftGetsNoReplyAndTheOthersGetTheirOwn) {
  FakeConnection connection = redis_.accept();
  redis_.run([this] {
    send(a_, "a1");
    send(b_, "b1");
    commands_->answer_none(a_);
    send(a_, "a2");
  });
  connection.read_until("a2");
  connection.say("-MOVED 1 h:1\r\n+one\r\n+two\r\n");
  EXPECT_THAT(redis_.lines_until("a2: two"), ElementsAre("a1: none", "b1: one", "a2: two"));
}

TEST_F(CommandsTest, WhatWaitsForTheScriptsOfWhoHasLeftIsNotSentAgain) {
  FakeConnection connection = redis_.accept();
  redis_.run([this] {
    run(a_, "a1");
    run(b_, "b1");
    send(b_, "b2");
    send(b_, "b3");
  });
  connection.read_until("b3");
  connection.say("-NOSCRIPT no\r\n-NOSCRIPT no\r\n+one\r\n");
  // The scripts that are lost have been noticed, and something is still under way.
  EXPECT_THAT(redis_.lines_until("b2: one"), ElementsAre("b2: one"));
  redis_.run([this] { commands_->answer_none(a_); });
  connection.say("+two\r\n");
  const std::string again = connection.read_until("b1");
  EXPECT_THAT(again, HasSubstr("LOAD"));
  EXPECT_THAT(again, Not(HasSubstr("a1")));
  EXPECT_THAT(redis_.lines_until("scripts lost"),
              ElementsAre("a1: none", "b3: two", "scripts lost"));
}

TEST_F(CommandsTest, WhenTheConnectionEndsThatConcernsAll) {
  FakeConnection connection = redis_.accept();
  redis_.run([this] { send(a_, "a1"); });
  connection.read_until("a1");
  connection.close();
  EXPECT_THAT(redis_.lines_until("all failed: closed by Redis"),
              ElementsAre("all failed: closed by Redis"));
}

}  // namespace
}  // namespace peer_redis
