#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/json.h"
#include "tests/support/server_process.h"
#include "tests/support/test_peer.h"

namespace peer::test {

/// A client with a session, as docs/resume.md describes it.
class SessionClient {
 public:
  SessionClient(ServerProcess& node, std::string_view name) : peer_(connect(node)) {
    token_ = token_of(peer_->register_as(name, fmt(R"("alias":"%","resume":true)", name)));
    fingerprint_ = peer_->fingerprint();
  }
  static std::unique_ptr<TestPeer> connect(ServerProcess& node) {
    return std::make_unique<TestPeer>(node.port());
  }
  static std::string token_of(const Json& answer) {
    return answer["payload"]["session"]["token"].str();
  }

  TestPeer& peer() { return *peer_; }
  const std::string& token() const { return token_; }
  const std::string& fingerprint() const { return fingerprint_; }
  long long received() const { return received_; }
  /// The next message, which counts.
  std::string next_text() {
    ++received_;
    return peer_->next_text();
  }
  Json next(std::string_view type) {
    ++received_;
    return peer_->next(type);
  }
  Json join(std::string_view ns, std::string_view more = {}) {
    ++received_;
    return peer_->join(ns, more);
  }
  void round_trip() {
    peer_->send("ping", "");
    static_cast<void>(next("pong"));
  }
  /// Its connection breaks.
  void break_off() { peer_->ws().stream().reset(); }
  /// What a node says to its `resume`, on a connection of its own.
  static Json ask(TestPeer& at, std::string_view token, long long received) {
    at.send("resume", fmt(R"({"token":"%","received":%})", token, received));
    return at.next();
  }
  /// It comes back at that node. Returns `resumed`.
  Json resume(ServerProcess& node) {
    auto next = connect(node);
    const Json resumed = ask(*next, token_, received_);
    EXPECT_EQ(resumed["type"].str(), "resumed") << resumed.text();
    if (resumed["type"].str() == "resumed") token_ = token_of(resumed);
    next->goes_on_as(fingerprint_);
    older_ = std::move(peer_);
    peer_ = std::move(next);
    return resumed;
  }
  /// It has been answered `resumed` on another connection.
  void goes_on(std::unique_ptr<TestPeer> next, const Json& resumed) {
    token_ = token_of(resumed);
    next->goes_on_as(fingerprint_);
    older_ = std::move(peer_);
    peer_ = std::move(next);
  }
  /// So many messages were read past it.
  void count(int messages) { received_ += messages; }
  /// The connection that it had before resume().
  TestPeer& older() { return *older_; }

 private:
  std::unique_ptr<TestPeer> peer_;
  std::unique_ptr<TestPeer> older_;
  std::string token_;
  std::string fingerprint_;
  long long received_ = 0;
};

}  // namespace peer::test
