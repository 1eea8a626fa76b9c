#include "core/net/event_loop.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>

#include "tests/unit/net/loop_test.h"

namespace peer {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

class EventLoopTest : public test::LoopTest {};

TEST_F(EventLoopTest, HandsOverMessagesInOrder) {
  start();
  test::WsClient client = connect();
  for (const char* text : {"one", "", "three"}) client.send_text(text);
  EXPECT_THAT(read_texts(client, 3), ElementsAre("one", "", "three"));
}

TEST_F(EventLoopTest, AnswersPlainHttpToo) {
  start();
  EXPECT_EQ(test::http_get(running_->port(), "/").body, "ok");
}

TEST_F(EventLoopTest, TellsTheAddressOfAPeer) {
  start();
  test::WsClient client = connect();
  EXPECT_EQ(on_loop([&] { return loop().transport_of(first())->remote_address().text(); }),
            "127.0.0.1");
}

TEST_F(EventLoopTest, EveryOpenHasOneCloseHoweverItEnds) {
  start();
  {
    test::WsClient polite = connect();
    test::WsClient rude = connect();
    test::WsClient gone = connect();
    polite.close();
    rude.send_raw("\xff\xff\xff");
    rude.expect_close(1002);
    gone.stream().reset();
  }
  EXPECT_EQ(application_.closed.wait_for(3).size(), 3U);
  running_.reset();
  EXPECT_EQ(application_.closed.so_far().size(), 3U);
}

TEST_F(EventLoopTest, ASlotIsUsedAgainUnderAnotherGeneration) {
  start();
  test::WsClient old = connect();
  old.stream().reset();
  application_.closed.wait_for(1);
  test::WsClient next = connect();
  EXPECT_THAT(application_.opened.wait_for(2), ElementsAre("0/0", "0/1"));
}

TEST_F(EventLoopTest, AClosedConnectionIsNotFoundNorReached) {
  start();
  test::WsClient old = connect();
  old.stream().reset();
  application_.closed.wait_for(1);
  test::WsClient next = connect();
  EXPECT_EQ(on_loop([&] { return loop().transport_of(first()); }), nullptr);
  post(first(), "for the old one");
  SessionRef second = first();
  second.generation = 1;
  post(second, "for the new one");
  EXPECT_EQ(next.read_text(), "for the new one");
}

TEST_F(EventLoopTest, CountsForHowManyOfSeveralAFrameIsQueued) {
  start();
  test::WsClient old = connect();
  old.stream().reset();
  application_.closed.wait_for(1);
  test::WsClient next = connect();
  test::WsClient other = connect();
  application_.opened.wait_for(3);
  SessionRef second = first();
  second.generation = 1;
  SessionRef third = first();
  third.slot = 1;
  const std::array to{first(), second, third};
  EXPECT_EQ(on_loop([&] { return loop().send(to, text_frame("all"), Importance::kMessage); }), 2U);
  EXPECT_EQ(next.read_text(), "all");
  EXPECT_EQ(other.read_text(), "all");
}

TEST_F(EventLoopTest, AnotherLoopsConnectionIsNotFound) {
  start();
  test::WsClient client = connect();
  SessionRef elsewhere = first();
  elsewhere.loop = 1;
  SessionRef beyond = first();
  beyond.slot = 99;
  EXPECT_EQ(on_loop([&] { return loop().transport_of(elsewhere); }), nullptr);
  EXPECT_EQ(on_loop([&] { return loop().transport_of(beyond); }), nullptr);
  EXPECT_NE(on_loop([&] { return loop().transport_of(first()); }), nullptr);
}

TEST_F(EventLoopTest, IsTheCurrentOneOnItsOwnThreadOnly) {
  start();
  EXPECT_EQ(on_loop([] { return EventLoop::current(); }), &loop());
  EXPECT_EQ(EventLoop::current(), nullptr);
}

TEST_F(EventLoopTest, ScheduledTasksRunInTheOrderOfTheirTimes) {
  start();
  test::EventLog log;
  on_loop([&] {
    const Time now = loop().now();
    loop().schedule(now + 3ms, [&] { log.add("last"); });
    loop().schedule(now + 1ms, [&] { log.add("second"); });
    loop().schedule(now + 2ms, [&] { log.add("third"); });
    loop().schedule(now - 1h, [&] { log.add("first"); });
  });
  EXPECT_THAT(log.wait_for(4), ElementsAre("first", "second", "third", "last"));
}

TEST_F(EventLoopTest, TasksOfOneTimeRunInTheOrderThatTheyWereScheduled) {
  start();
  test::EventLog log;
  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) expected.push_back(std::to_string(i));
  on_loop([&] {
    const Time at = loop().now() + 1ms;
    for (const std::string& name : expected) loop().schedule(at, [&] { log.add(name); });
  });
  EXPECT_EQ(log.wait_for(100), expected);
}

TEST_F(EventLoopTest, AScheduledTaskRunsNotBeforeItsTime) {
  start();
  std::promise<milliseconds> late;
  on_loop([&] {
    const Time at = loop().now() + 20ms;
    loop().schedule(at, [&, at] { late.set_value(loop().now() - at); });
  });
  EXPECT_GE(late.get_future().get(), 0ms);
}

TEST_F(EventLoopTest, ACancelledTaskIsForgotten) {
  start();
  test::EventLog log;
  on_loop([&] {
    const Time at = loop().now() + 1ms;
    const TimerId cancelled = loop().schedule(at, [&] { log.add("cancelled"); });
    const TimerId own = loop().schedule(at, [&] { log.add("kept"); });
    loop().schedule(at, [&, own] {
      loop().cancel(own);  // it has run
      log.add("last");
    });
    loop().cancel(cancelled);
  });
  EXPECT_THAT(log.wait_for(2), ElementsAre("kept", "last"));
}

TEST_F(EventLoopTest, AThrowingTaskStopsNothing) {
  start();
  loop().post([] { throw std::runtime_error("a task"); });
  on_loop(
      [&] { loop().schedule(loop().now(), [] { throw std::runtime_error("a scheduled task"); }); });
  test::WsClient client = connect();
  client.send_text("still there");
  EXPECT_EQ(client.read_text(), "still there");
}

TEST_F(EventLoopTest, AThrowingHandlerCostsItsConnectionOnly) {
  application_.on_text = [](Connection& connection, std::string_view text) {
    if (text == "throw") throw std::runtime_error("a handler");
    connection.reply(text_frame(text));
  };
  start();
  test::WsClient other = connect();
  test::WsClient client = connect();
  client.send_text("throw");
  client.send_text("never handled");
  client.expect_close(1011, "internal error");
  EXPECT_THAT(application_.closed.wait_for(1), ElementsAre("1/0"));
  other.send_text("still there");
  EXPECT_EQ(other.read_text(), "still there");
}

TEST_F(EventLoopTest, AThrowingOpenClosesTheConnection) {
  application_.make_context = [](Connection&) -> std::unique_ptr<ApplicationSession> {
    throw std::runtime_error("no");
  };
  start();
  connect().expect_close(1011);
}

TEST_F(EventLoopTest, ADeadlineIsToldOnceAndAThrowingOneClosesTheConnection) {
  int due = 0;
  application_.on_due = [&](Connection&) {
    ++due;
    throw std::runtime_error("no");
  };
  application_.on_text = [](Connection& connection, std::string_view) {
    connection.set_deadline(connection.loop().now());
  };
  start();
  test::WsClient client = connect();
  client.send_text("set it");
  client.expect_close(1011);
  EXPECT_EQ(on_loop([&] { return due; }), 1);
}

TEST_F(EventLoopTest, APausedConnectionsMessagesWaitInOrder) {
  test::EventLog handled;
  application_.on_text = [&](Connection& connection, std::string_view text) {
    handled.add(std::string(text));
    if (text == "pause") connection.pause();
  };
  start();
  test::WsClient client = connect();
  client.send_raw(test::encode({.payload = "pause"}) + test::encode({.payload = "a"}) +
                  test::encode({.payload = "b"}));
  handled.wait_for(1);
  client.send_text("c");
  post(first(), "sent all the same");
  EXPECT_EQ(client.read_text(), "sent all the same");
  EXPECT_THAT(handled.so_far(), ElementsAre("pause"));
  on_loop([&] { loop().transport_of(first())->resume(); });
  EXPECT_THAT(handled.wait_for(4), ElementsAre("pause", "a", "b", "c"));
}

TEST_F(EventLoopTest, APausedConnectionIsMissedWhenItIsReset) {
  application_.on_text = [](Connection& connection, std::string_view) { connection.pause(); };
  start();
  test::WsClient client = connect();
  client.send_text("pause");
  on_loop([] {});
  client.stream().reset();
  EXPECT_EQ(application_.closed.wait_for(1).size(), 1U);
}

TEST_F(EventLoopTest, CountsItsConnectionsAndMessages) {
  start();
  test::WsClient client = connect();
  test::WsClient other = connect();
  client.send_text("one");
  client.read_text();
  EXPECT_EQ(loop().stats().accepted, 2U);
  EXPECT_EQ(loop().stats().connections, 2U);
  EXPECT_EQ(loop().stats().received, 1U);
  EXPECT_EQ(loop().stats().sent, 1U);
  other.stream().reset();
  application_.closed.wait_for(1);
  on_loop([] {});
  EXPECT_EQ(loop().stats().connections, 1U);
}

// No descriptor is left but those that are open now, until the end of its life.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::fcntl(0, F_DUPFD, 0);
    ::close(next);
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(EventLoopTest, WithoutDescriptorsAConnectionIsTurnedAwayAndLaterOnesAreServed) {
  // A sanitizer's first look at a type takes descriptors of its own: let it have seen them all.
  start();
  connect();
  application_.closed.wait_for(1);
  running_.emplace(application_, options_);
  test::TcpStream refused(running_->port());
  {
    const NoMoreDescriptors none;
    running_->start();
    refused.expect_end();
  }
  test::WsClient client = connect();
  client.send_text("served");
  EXPECT_EQ(client.read_text(), "served");
  EXPECT_EQ(loop().stats().shed, 1U);
}

}  // namespace
}  // namespace peer
