#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/cluster/tcp_proxy.h"

namespace peer::test {

/// The pair, with a network between the first node and Redis. Alice is behind it.
class NetworkTest : public PairTest {
 protected:
  void start_behind_proxy(std::string_view options = kQuickToDoubt) {
    proxy_ = std::make_unique<TcpProxy>(redis().port());
    start_pair(options, proxy_->port());
  }
  TcpProxy& proxy() { return *proxy_; }

  /// The second node is told by its lease that the first is gone, and bob is told so once.
  void wait_until_parted() {
    wait_for_state(first(), "degraded");
    expect_news(bob(), "peer_left", alice());
    wait_for_nodes(second(), 1);
  }
  void wait_until_healed() {
    wait_for_state(first(), "connected");
    wait_for_nodes(first(), 2);
    wait_for_nodes(second(), 2);
  }

  /// The first node loses Redis for less than its lease, which must be long.
  void cut_off() {
    proxy_->hold();
    wait_for_state(first(), "degraded");
  }
  void heal() {
    proxy_->cut(TcpProxy::Cut::kReset);
    proxy_->release();
    wait_until_healed();
  }

  void exchange(int number) {
    alice().send_to(bob().fingerprint(), std::to_string(number));
    bob().send_to(alice().fingerprint(), std::to_string(number));
  }
  void wait_for_output(ServerProcess& node, std::string_view text, int times) {
    const Deadline deadline;
    const auto count = [&] {
      int found = 0;
      const std::string output = node.output();
      for (auto at = output.find(text); at != std::string::npos; at = output.find(text, at + 1)) {
        ++found;
      }
      return found;
    };
    while (count() < times) {
      if (deadline.passed()) throw std::runtime_error(fmt("no \"%\" in\n%", text, node.output()));
    }
  }

  /// Numbers of all signals that have come, which must rise.
  static std::vector<int> read_numbers(TestPeer& peer, int last) {
    std::vector<int> numbers;
    while (numbers.empty() || numbers.back() < last) {
      const Json message = peer.next();
      EXPECT_EQ(message["type"].str(), "signal") << peer.last_text();
      const int number = static_cast<int>(message["payload"].number());
      if (!numbers.empty() && number <= numbers.back()) {
        ADD_FAILURE() << number << " after " << numbers.back();
        return numbers;
      }
      numbers.push_back(number);
    }
    return numbers;
  }

  void TearDown() override {
    PairTest::TearDown();
    proxy_.reset();
  }

 private:
  std::unique_ptr<TcpProxy> proxy_;
};

}  // namespace peer::test
