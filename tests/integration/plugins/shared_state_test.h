#pragma once

#include "tests/integration/plugins/plugin_server_test.h"

namespace peer::test {

/// A server whose broker tells it of far peers, which do as a test commands
/// (tests/plugin/fixtures/shared_store.h). The parameter: loops of the server.
class SharedStateTest : public PluginServerTest, public testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    start_plugin("broker", "broker_elsewhere", "members: 2", {fmt("loops=%", GetParam())});
    director_.emplace(peer_in("director's", "director"));
  }
  void TearDown() override {
    director_.reset();
    ServerTest::TearDown();
  }

  /// Has the store obey a command on behalf of `peer`, which learns of nothing.
  void command(TestPeer& peer, std::string_view words) {
    peer.send("signal", fmt(R"("%")", words), fmt(R"("to":"%")", fingerprint_starting("f0")));
  }
  void command(std::string_view words) {
    command(*director_, words);
    director_->round_trip();
  }
  static std::string far(int number) { return "ee" + std::string(58, '0') + fmt("000%", number); }
  static std::string left_by(TestPeer& peer) {
    return peer.next("peer_left")["payload"]["fingerprint"].str();
  }
  Json room_info(std::string_view room) {
    director_->send("room_info", fmt(R"({"room_id":"%"})", room));
    return director_->next("room_info")["payload"];
  }
  static void join_room(TestPeer& peer, std::string_view room) {
    peer.send("join_room", fmt(R"({"room_id":"%"})", room));
  }

  std::optional<TestPeer> director_;
};

}  // namespace peer::test
