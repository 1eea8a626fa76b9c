#include "core/net/operation.h"

#include <optional>
#include <utility>

#include "tests/unit/net/loop_test.h"

namespace peer {
namespace {

using testing::ElementsAre;

// The message "op" begins an operation that the test ends; other messages are logged.
class OperationTest : public test::LoopTest {
 protected:
  OperationTest() {
    application_.on_text = [this](Connection& connection, std::string_view text) {
      if (text == "op") operation_ = Operation(connection);
      log_.add(std::string(text));
    };
    start();
  }
  ~OperationTest() override { running_.reset(); }

  test::EventLog log_;
  Operation operation_;
};

TEST_F(OperationTest, MessagesWaitUntilItEnds) {
  test::WsClient client = connect();
  client.send_raw(test::encode({.payload = "op"}) + test::encode({.payload = "next"}));
  log_.wait_for(1);
  on_loop([] {});
  EXPECT_THAT(log_.so_far(), ElementsAre("op"));
  on_loop([this] { EXPECT_EQ(operation_.session(), loop().find(first())); });
  on_loop([this] { operation_ = Operation(); });
  EXPECT_THAT(log_.wait_for(2), ElementsAre("op", "next"));
}

TEST_F(OperationTest, OneThatIsLostOnAnotherLoopEndsOnItsOwn) {
  test::TestApplication other_application;
  test::RunningLoop other(other_application, {}, 1);
  other.start();
  test::WsClient client = connect();
  client.send_raw(test::encode({.payload = "op"}) + test::encode({.payload = "next"}));
  log_.wait_for(1);
  other.on_loop([this] { operation_ = Operation(); });
  EXPECT_THAT(log_.wait_for(2), ElementsAre("op", "next"));
}

TEST_F(OperationTest, AConnectionThatClosesHasNone) {
  test::WsClient client = connect();
  client.send_text("op");
  log_.wait_for(1);
  on_loop([this] {
    loop().transport_of(first())->close(CloseCode::kNormal, "");
    EXPECT_EQ(operation_.session(), nullptr);
  });
  client.expect_close(1000);
  application_.closed.wait_for(1);
  on_loop([this] {
    EXPECT_EQ(operation_.session(), nullptr);
    operation_ = Operation();
  });
}

// An operation that nobody has ended when the server stops.
TEST_F(OperationTest, ItMayOutliveTheLoop) {
  std::optional<Operation> left;
  {
    test::WsClient client = connect();
    client.send_text("op");
    log_.wait_for(1);
    on_loop([&] { left = std::move(operation_); });
  }
  running_.reset();
  left.reset();
}

}  // namespace
}  // namespace peer
