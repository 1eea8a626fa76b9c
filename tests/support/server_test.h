#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <functional>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/json.h"
#include "tests/support/server_process.h"
#include "tests/support/test_peer.h"

namespace peer::test {

using namespace literals;

/// A test with a server of its own, so that no name must be unique. After the test the server must
/// still be there and end with 0 on SIGTERM: a crash or a leak found by a sanitizer fails the test.
class ServerTest : public testing::Test {
 protected:
  // With PEER_TEST_REDIS=host:port in the environment each server is a cluster of one node there,
  // and part of it before the test goes on.

  /// Starts the server with "key=value" settings.
  void start(std::vector<std::string> settings) { start_with({.settings = std::move(settings)}); }
  void start_with(const ServerOptions& options);
  /// The server, started with the defaults when it was not yet.
  ServerProcess& server();
  std::uint16_t port() { return server().port(); }

  /// A connection that has not registered.
  TestPeer connect() { return TestPeer(port()); }
  /// The same in another way; the port is filled in.
  TestPeer connect(Dial dial) {
    dial.port = port();
    return TestPeer(dial);
  }
  /// A registered peer with public key and alias `name`.
  TestPeer peer(std::string_view name);
  /// A registered peer that has joined `ns`; what those before it hear of that is not read.
  TestPeer peer_in(std::string_view ns, std::string_view name);
  /// The JSON that an HTTP path answers.
  /// A figure of /stats must become `wanted`: of a busy server an answer may be a moment old.
  static void expect_figure(std::int64_t wanted, const std::function<std::int64_t()>& read);
  Json http_json(std::string_view path);

  /// Asks `/health` until it counts this many peers; throws at the deadline.
  void wait_for_peers(int count);

  /// For tests that end the server themselves.
  void expect_exit(int code, Deadline deadline = Deadline(10s));

  void TearDown() override;

 private:
  std::unique_ptr<ServerProcess> server_;
};

}  // namespace peer::test
