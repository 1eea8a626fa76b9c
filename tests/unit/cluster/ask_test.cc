#include "core/cluster/ask.h"

#include <stdexcept>

#include "core/net/operation.h"
#include "tests/unit/net/loop_test.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

using Reply = std::function<void(std::string)>;

constexpr milliseconds kLong = 1h;

// The message "op" starts an operation as the test says; each outcome and each other message is
// logged, in the order that the connection sees them.
class AskTest : public test::LoopTest {
 protected:
  AskTest() {
    application_.on_text = [this](Connection& connection, std::string_view text) {
      if (text == "op") return begin(connection);
      if (text == "two ops") {
        begin(connection);
        return begin(connection);
      }
      log_.add(std::string(text));
    };
    start();
  }
  ~AskTest() override { running_.reset(); }

  void begin(Connection& connection) {
    ask<std::string>(
        connection.loop(), {calls_, "operate", deadline_}, "otherwise",
        [this](Reply reply) { start_(std::move(reply)); },
        [this, operation = Operation(connection)](const std::string& outcome) {
          log_.add(outcome + (operation.session() == nullptr ? ", gone" : ""));
        });
  }
  // Lets the operation answer later; the reply is kept.
  void answer_later() {
    start_ = [this](Reply reply) {
      replies_.push_back(std::move(reply));
      begun_.add("begun");
    };
  }
  // Everything that was sent has been read, and what could be handled is.
  void settle() {
    on_loop([] {});
  }
  std::vector<std::string> logged() {
    settle();
    return log_.so_far();
  }

  test::EventLog log_;
  test::EventLog begun_;
  std::vector<Reply> replies_;
  std::function<void(Reply)> start_;
  PluginCalls calls_{"broker", "test"};
  milliseconds deadline_ = kLong;
};

TEST_F(AskTest, AnAnswerAtOnceIsUsedAtOnce) {
  start_ = [](const Reply& reply) { reply("answer"); };
  test::WsClient client = connect();
  client.send_raw(test::encode({.payload = "op"}) + test::encode({.payload = "next"}));
  EXPECT_THAT(log_.wait_for(2), ElementsAre("answer", "next"));
}

TEST_F(AskTest, FurtherMessagesWaitForALateAnswer) {
  answer_later();
  test::WsClient client = connect();
  client.send_raw(test::encode({.payload = "op"}) + test::encode({.payload = "next"}));
  begun_.wait_for(1);
  client.send_text("last");
  EXPECT_THAT(logged(), IsEmpty());
  replies_[0]("answer");  // from another thread than the loop's
  EXPECT_THAT(log_.wait_for(3), ElementsAre("answer", "next", "last"));
}

TEST_F(AskTest, OnlyTheFirstAnswerCounts) {
  answer_later();
  test::WsClient client = connect();
  client.send_text("op");
  begun_.wait_for(1);
  replies_[0]("first");
  replies_[0]("second");
  log_.wait_for(1);
  replies_[0]("third");
  EXPECT_THAT(logged(), ElementsAre("first"));
  EXPECT_EQ(calls_.counts().errors, 2U);
}

TEST_F(AskTest, AnOperationThatFailedToStartIsNotWaitedFor) {
  start_ = [](const Reply&) { throw std::runtime_error("out of order"); };
  test::WsClient client = connect();
  client.send_raw(test::encode({.payload = "op"}) + test::encode({.payload = "next"}));
  EXPECT_THAT(log_.wait_for(2), ElementsAre("otherwise", "next"));
}

TEST_F(AskTest, AnOperationThatAnsweredAndThenFailedHasAnswered) {
  start_ = [](const Reply& reply) {
    reply("answer");
    throw std::runtime_error("out of order");
  };
  test::WsClient client = connect();
  client.send_text("op");
  EXPECT_THAT(log_.wait_for(1), ElementsAre("answer"));
}

TEST_F(AskTest, AtTheDeadlineTheCoreGoesOnAndALaterAnswerIsIgnored) {
  deadline_ = 1ms;
  answer_later();
  test::WsClient client = connect();
  client.send_raw(test::encode({.payload = "op"}) + test::encode({.payload = "next"}));
  EXPECT_THAT(log_.wait_for(2), ElementsAre("otherwise", "next"));
  replies_[0]("too late");
  EXPECT_THAT(logged(), ElementsAre("otherwise", "next"));
  EXPECT_EQ(calls_.counts().errors, 1U);
}

TEST_F(AskTest, AnAnswerForAConnectionThatHasClosedSaysSo) {
  answer_later();
  test::WsClient client = connect();
  client.send_text("op");
  begun_.wait_for(1);
  client.stream().reset();
  application_.closed.wait_for(1);
  replies_[0]("answer");
  EXPECT_THAT(log_.wait_for(1), ElementsAre("answer, gone"));
}

TEST_F(AskTest, AnAnswerForAConnectionThatIsClosingSaysSo) {
  answer_later();
  test::WsClient client = connect();
  client.send_text("op");
  begun_.wait_for(1);
  on_loop([&] { loop().transport_of(first())->close(CloseCode::kNormal, ""); });
  replies_[0]("answer");
  EXPECT_THAT(log_.wait_for(1), ElementsAre("answer, gone"));
}

TEST_F(AskTest, MessagesWaitForTheLastOfSeveralOperations) {
  answer_later();
  test::WsClient client = connect();
  client.send_raw(test::encode({.payload = "two ops"}) + test::encode({.payload = "next"}));
  begun_.wait_for(2);
  replies_[1]("second");
  log_.wait_for(1);
  EXPECT_THAT(logged(), ElementsAre("second"));
  replies_[0]("first");
  EXPECT_THAT(log_.wait_for(3), ElementsAre("second", "first", "next"));
}

// A timer that is left behind holds all of the question, and wakes the loop for nothing.
TEST_F(AskTest, TheDeadlineIsForgottenWhenTheAnswerHasCome) {
  using Outcome = std::shared_ptr<std::string>;
  auto otherwise = std::make_shared<std::string>("otherwise");
  const std::weak_ptr<std::string> watched = otherwise;
  std::function<void(Outcome)> reply;
  on_loop([&] {
    ask<Outcome>(
        loop(), {calls_, "operate", kLong}, std::move(otherwise),
        [&](std::function<void(Outcome)> its) { reply = std::move(its); },
        [this](const Outcome& outcome) { log_.add(*outcome); });
  });
  reply(std::make_shared<std::string>("answer"));
  reply = nullptr;
  EXPECT_THAT(log_.wait_for(1), ElementsAre("answer"));
  on_loop([] {});
  EXPECT_TRUE(watched.expired());
}

TEST_F(AskTest, AConnectionMayOperateAgainAndAgain) {
  std::vector<std::thread> answering;
  start_ = [&](Reply reply) { answering.emplace_back(std::move(reply), "answer"); };
  test::WsClient client = connect();
  std::string messages;
  for (int i = 0; i < 200; ++i) messages += test::encode({.payload = "op"});
  client.send_raw(messages);
  EXPECT_EQ(log_.wait_for(200), std::vector<std::string>(200, "answer"));
  for (std::thread& thread : answering) thread.join();
}

}  // namespace
}  // namespace peer
