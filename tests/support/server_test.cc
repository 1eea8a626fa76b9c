#include "tests/support/server_test.h"

#include <cstdlib>
#include <iostream>
#include <stdexcept>

namespace peer::test {

void ServerTest::start_with(const ServerOptions& options) {
  const char* redis = std::getenv("PEER_TEST_REDIS");
  if (redis == nullptr) {
    server_ = std::make_unique<ServerProcess>(options);
    return server_->wait_until_listening();
  }
  static int servers = 0;
  ServerOptions clustered = options;
  clustered.settings.insert(
      clustered.settings.end(),
      {"broker_type=redis", fmt("redis_addr=%", redis), "plugins.broker.options.required=true",
       fmt("plugins.broker.options.prefix=server-%", ++servers)});
  if (const char* file = std::getenv("PEER_TEST_BROKER_FILE")) {
    clustered.settings.insert(clustered.settings.end(),
                              {"broker_type=redis_parts", fmt("plugins.broker.file=%", file),
                               fmt("plugins.broker.options.addr=%", redis)});
  }
  server_ = std::make_unique<ServerProcess>(clustered);
  server_->wait_until_listening();
  const Deadline deadline;
  while (http_get(port(), "/ready").status != 200) {
    if (deadline.passed()) throw std::runtime_error("no part of a cluster:\n" + server_->output());
  }
}

ServerProcess& ServerTest::server() {
  if (!server_) start({});
  return *server_;
}

TestPeer ServerTest::peer(std::string_view name) {
  TestPeer result = connect();
  result.register_as(name, fmt(R"("alias":"%")", name));
  return result;
}

TestPeer ServerTest::peer_in(std::string_view ns, std::string_view name) {
  TestPeer result = peer(name);
  result.join(ns);
  return result;
}

Json ServerTest::http_json(std::string_view path) {
  return Json::parse(http_get(port(), path).body);
}

void ServerTest::wait_for_peers(int count) {
  const Deadline deadline;
  while (http_json("/health")["peers"].number() != count) {
    if (deadline.passed()) throw std::runtime_error("/health: " + http_get(port(), "/health").body);
  }
}

void ServerTest::expect_exit(int code, Deadline deadline) {
  const auto got = server_->wait_exit(deadline);
  EXPECT_EQ(got, std::optional(code)) << server_->output();
}

void ServerTest::TearDown() {
  if (!server_) return;
  if (!server_->wait_exit(Deadline(0ms))) {
    server_->signal(SIGTERM);
    expect_exit(0);
  }
  if (HasFailure()) std::cerr << "--- the server's output:\n" << server_->output();
}

void ServerTest::expect_figure(std::int64_t wanted, const std::function<std::int64_t()>& read) {
  const Deadline deadline;
  std::int64_t figure = read();
  while (figure != wanted && !deadline.passed()) figure = read();
  EXPECT_EQ(figure, wanted);
}

}  // namespace peer::test
