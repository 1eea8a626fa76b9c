#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/net/running_loop.h"

namespace peer::test {

/// A loop with an application, started by the test when both are as it wants them.
class LoopTest : public testing::Test {
 protected:
  /// Starts the loop with `options_` and the hooks as they are.
  void start() {
    running_.emplace(application_, options_);
    running_->start();
  }
  EventLoop& loop() { return running_->loop(); }
  WsClient connect(int receive_buffer = 0) {
    return WsClient(Dial{.port = running_->port(), .receive_buffer = receive_buffer});
  }
  template <typename Task>
  auto on_loop(Task task) {
    return running_->on_loop(std::move(task));
  }
  /// The first connection of the loop, of the first slot.
  static SessionRef first() { return {}; }
  void post(SessionRef to, const std::string& text) {
    loop().post(Delivery{text_frame(text), to, {}, nullptr});
  }
  std::vector<std::string> read_texts(WsClient& client, std::size_t count) {
    std::vector<std::string> texts;
    while (texts.size() < count) texts.push_back(client.read_text());
    return texts;
  }

  TestApplication application_;
  NetOptions options_;
  std::optional<RunningLoop> running_;
};

}  // namespace peer::test
