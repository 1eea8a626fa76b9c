#pragma once

#include "tests/integration/plugins/plugin_server_test.h"

namespace peer::test {

/// A server whose broker answers state operations only while its gate is open
/// (tests/plugin/fixtures/broker_gate.cc): what happens meanwhile needs no clock.
class GateTest : public PluginServerTest {
 protected:
  void start_gate(std::vector<std::string> settings = {}) {
    settings.push_back("rate_limit_burst=1000000");  // books() is asked over and over
    start_plugin("broker", "broker_gate", {}, std::move(settings));
    keeper_.emplace(peer_in("home", "keeper"));
  }
  void TearDown() override {
    keeper_.reset();
    ServerTest::TearDown();
  }

  void close_gate() { command("c0"); }
  void hold_joins() { command("c2"); }
  void open_gate() { command("c1"); }
  /// Another node's peers hold the aliases of all but the keeper from now on.
  void take_aliases() { command("a0"); }
  /// What the broker knows: peers, members (of all namespaces), waiting answers. The keeper and its
  /// one membership count.
  Json books() {
    keeper_->send_to(fingerprint_starting("b0"), "1");
    return keeper_->next("books")["payload"];
  }
  /// Asks until the books say this.
  void wait_for_books(int peers, int members, int waiting) {
    const Json wanted = json(R"({"peers":%,"members":%,"waiting":%})", peers, members, waiting);
    const Deadline deadline;
    Json found = books();
    while (!(found == wanted) && !deadline.passed()) found = books();
    EXPECT_EQ(found, wanted);
  }
  /// Whether `alias` is free for a peer that registers now and goes again.
  bool alias_is_free(std::string_view alias) {
    TestPeer probe = connect();
    const Json reply = probe.register_as("probe", fmt(R"("alias":"%")", alias));
    probe.close();
    return !reply["payload"]["alias_taken"].exists();
  }
  TestPeer& keeper() { return *keeper_; }

 private:
  void command(std::string_view first) {
    keeper_->send("signal", "1", fmt(R"("to":"%","id":"gate")", fingerprint_starting(first)));
    EXPECT_EQ(keeper_->next("ack")["id"].str(), "gate");
  }

  std::optional<TestPeer> keeper_;
};

/// Frames of several messages, to be sent in one write.
inline std::string pipelined(std::initializer_list<std::string> messages) {
  std::string bytes;
  for (const std::string& text : messages) bytes += encode({.payload = text});
  return bytes;
}

inline std::string register_message(std::string_view name) {
  return message("register", fmt(R"({"public_key":"%","alias":"%"})", name, name));
}

inline std::string join_message(std::string_view ns) {
  return message("join", fmt(R"({"namespace":"%"})", ns));
}

}  // namespace peer::test
