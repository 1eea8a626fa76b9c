#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/server_process.h"
#include "tests/support/ws_client.h"

namespace peer::test {

/// A test with an echo server of its own, which must be there and end with 0 afterwards.
class EchoTest : public testing::Test {
 protected:
  // With PEER_TEST_PRODUCT in the environment the server has the values of peer-server's keys, but
  // for the size of messages and the rate of control frames, which the tables exceed.
  explicit EchoTest(std::vector<std::string> arguments = {})
      : server_({.arguments = with_product(std::move(arguments)), .program = WS_ECHO_BINARY}) {
    server_.wait_until_listening();
  }
  void TearDown() override {
    server_.signal(SIGTERM);
    EXPECT_EQ(server_.wait_exit(), std::optional(0)) << server_.output();
  }

  static bool has_product_values() { return std::getenv("PEER_TEST_PRODUCT") != nullptr; }
  std::uint16_t port() const { return server_.port(); }
  WsClient connect(const std::string& headers = {}) {
    return WsClient(Dial{.port = port(), .path = "/", .headers = headers});
  }

  static void expect_echo(WsClient& client, std::uint8_t opcode, std::string_view payload) {
    const Frame frame = client.read_frame();
    EXPECT_EQ(frame.opcode, opcode);
    EXPECT_TRUE(frame.fin);
    EXPECT_TRUE(frame.payload == payload) << frame.payload.size() << " bytes";
  }
  /// The close frame comes next, and the server ends the connection first. `rest`: what the client
  /// sends before it answers.
  static void expect_failed(WsClient& client, std::uint16_t code, std::string_view rest = {}) {
    const Frame frame = client.read_frame();
    EXPECT_EQ(frame.opcode, kClose);
    EXPECT_EQ(frame.payload.substr(0, 2), close_payload(code));
    client.stream().write_some(rest);
    client.answer_close();
    client.stream().expect_end();
  }
  /// Whole frames in one write, so that the last one is not waited for.
  static std::string encode_all(const std::vector<Frame>& frames) {
    std::string bytes;
    for (const Frame& frame : frames) bytes += encode(frame);
    return bytes;
  }

 private:
  static std::vector<std::string> with_product(std::vector<std::string> arguments) {
    if (!has_product_values()) return arguments;
    const std::vector<std::string> product{"--product", "--max-message", "67108864",
                                           "--control-frames", "0"};
    arguments.insert(arguments.begin(), product.begin(), product.end());
    return arguments;
  }

  ServerProcess server_;
};

}  // namespace peer::test
