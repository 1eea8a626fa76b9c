// The example in config/cluster: two nodes behind nginx or haproxy, as shipped but for the ports.
#include <csignal>
#include <functional>
#include <memory>
#include <optional>

#include "tests/integration/cluster/cluster_test.h"
#include "tests/integration/reverse_proxy.h"
#include "tests/support/free_port.h"

namespace peer::test {
namespace {

using testing::UnorderedElementsAre;

class LoadBalancerTest : public ClusterTest,
                         public testing::WithParamInterface<ReverseProxy::Kind> {
 protected:
  /// A node as config/cluster/node.yaml has it, on a port of its own; the drain is shorter.
  ServerProcess& start_shipped(std::uint16_t port, std::vector<std::string> settings) {
    std::string config = read_file(PEER_SOURCE_DIR "/config/cluster/node.yaml");
    const std::string address = fmt("localhost:%", 6379);
    config.replace(config.find(address), address.size(),
                   "127.0.0.1:" + std::to_string(redis().port()));
    settings.insert(settings.end(), {"port=" + std::to_string(port), "drain_delay=200ms"});
    ServerProcess& node = start_node_with(config, std::move(settings));
    wait_for_state(node, "connected");
    return node;
  }
  void start(const std::vector<std::string>& settings) {
    for (Slot& slot : slots_) {
      slot.port = free_port();
      slot.node = &start_shipped(slot.port, settings);
    }
    const std::uint16_t own = free_port();
    balancer_.emplace(GetParam(), shipped(own), own);
    // Both serve: the health checks of haproxy have seen them.
    wait_until([&] { return all_healthy(4); });
  }
  ServerProcess& node(int index) { return *slots_[static_cast<std::size_t>(index)].node; }
  void start_again(int index) {
    Slot& slot = slots_[static_cast<std::size_t>(index)];
    slot.node = &start_shipped(slot.port, {});
  }

  std::uint16_t port() const { return balancer_->port(); }
  /// Whether so many requests in turn find a node that serves.
  bool all_healthy(int count) {
    for (int i = 0; i < count; ++i) {
      if (http_get(port(), "/health").status != 200) return false;
    }
    return true;
  }
  static void wait_until(const std::function<bool()>& holds) {
    const Deadline deadline(20s);
    while (!holds()) {
      if (deadline.passed()) throw std::runtime_error("what was waited for has not come");
    }
  }
  std::int64_t peers_of(int index) {
    return Json::parse(http_get(node(index).port(), "/stats").body)["total_peers"].number();
  }

 private:
  struct Slot {
    std::uint16_t port = 0;
    ServerProcess* node = nullptr;
  };
  /// The file of config/cluster with the ports of this test.
  std::string shipped(std::uint16_t own_port) const {
    const bool nginx = GetParam() == ReverseProxy::Kind::kNginx;
    std::string config = read_file(std::string(PEER_SOURCE_DIR "/config/cluster/") +
                                   (nginx ? "nginx.conf" : "haproxy.cfg"));
    const auto set_port = [&config](int shipped_port, std::uint16_t port) {
      replace_in(config, fmt("127.0.0.1:%", shipped_port), fmt("127.0.0.1:%", port));
    };
    set_port(8080, own_port);
    set_port(8081, slots_[0].port);
    set_port(8082, slots_[1].port);
    return config;
  }

  Slot slots_[2];
  std::optional<ReverseProxy> balancer_;
};

INSTANTIATE_TEST_SUITE_P(, LoadBalancerTest,
                         testing::Values(ReverseProxy::Kind::kNginx, ReverseProxy::Kind::kHaproxy),
                         [](const auto& kind) { return name_of(kind.param); });

TEST_P(LoadBalancerTest, TheNodesBelieveItWhoTheClientIs) {
  start({"max_connections_per_ip=4", "exempt_loopback=false"});
  const auto dial = [&](const char* source) {  // all tell the same lie
    return Dial{.port = port(), .source = source, .headers = "X-Forwarded-For: 192.0.2.1\r\n"};
  };
  std::vector<TestPeer> peers;
  const auto fill = [&] {
    while (peers.size() < 9) {
      const std::string key = fmt("key %", peers.size());
      peers.emplace_back(dial("127.0.0.2")).register_as(key);
    }
  };
  EXPECT_THROW(fill(), std::runtime_error);
  TestPeer(dial("127.0.0.3")).register_as("another");
  EXPECT_EQ(http_get(port(), "/stats").status, 404);
}

TEST_P(LoadBalancerTest, WebSocketsOfItsClientsMeetAcrossNodes) {
  start({});
  const std::string large(50'000, 'x');
  TestPeer alice(Dial{.port = port()});
  alice.register_as("alice", R"("alias":"alice")");
  alice.join("lobby");
  TestPeer bob(Dial{.port = port()});
  bob.register_as("bob", R"("alias":"bob")");
  bob.join("lobby");
  EXPECT_EQ(peers_of(0), 1);
  EXPECT_EQ(peers_of(1), 1);
  expect_news(alice, "peer_joined", bob);
  bob.send_to("alice", fmt(R"("%")", large));
  EXPECT_EQ(alice.next("signal")["payload"].str(), large);
  alice.send("broadcast", R"({"namespace":"lobby","data":1})");
  EXPECT_EQ(bob.next("broadcast")["from"].str(), alice.fingerprint());
}

/// Closes with 1001 and comes back through the load balancer, as a client does.
class Client {
 public:
  Client(std::uint16_t port, std::string name) : port_(port), name_(std::move(name)) { connect(); }

  TestPeer& peer() { return *peer_; }
  const std::string& name() const { return name_; }
  void expect_close_and_come_back() {
    peer_->ws().expect_close(1001);
    connect();
  }
  /// The next message of a type; what is announced meanwhile is skipped.
  std::string next(std::string_view type) {
    const std::string start = fmt(R"({"type":"%")", type);
    std::string text = peer_->next_text();
    while (!text.starts_with(start)) text = peer_->next_text();
    return text;
  }
  /// Is answered, coming back if it was on the node that has ended after all.
  void settle() {
    try {
      peer_->send("ping", "");
      next("pong");
    } catch (const std::runtime_error&) {
      connect();
    }
  }

 private:
  /// Again, while it ends up on a node that is about to close.
  void connect() {
    const Deadline deadline(20s);
    while (true) {
      try {
        peer_.emplace(Dial{.port = port_});
        const Json registered = peer_->register_as(name_, fmt(R"("alias":"%")", name_));
        EXPECT_EQ(registered["payload"]["alias"].str(), name_);
        peer_->join("lobby");
        return;
      } catch (const std::runtime_error&) {
        if (deadline.passed()) throw;
      }
    }
  }

  std::uint16_t port_;
  std::string name_;
  std::optional<TestPeer> peer_;
};

TEST_P(LoadBalancerTest, ARollingRestartCostsClientsNothingButTheirConnection) {
  start({});
  // One after the other they go to the node with fewer connections.
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<int> home;
  for (const char* name : {"anna", "ben", "cleo", "dora"}) {
    const auto before = peers_of(0);
    clients.push_back(std::make_unique<Client>(port(), name));
    home.push_back(peers_of(0) > before ? 0 : 1);
  }
  EXPECT_THAT(home, UnorderedElementsAre(0, 0, 1, 1));
  for (auto& client : clients) {
    const bool first = client == clients[0];
    client->peer().send(first ? "create_room" : "join_room", R"({"room_id":"den"})");
    client->next(first ? "room_created" : "peer_list");
  }
  for (int restarted : {0, 1}) {
    node(restarted).signal(SIGTERM);
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (home[i] != restarted) continue;
      clients[i]->expect_close_and_come_back();
      home[i] = 1 - restarted;
    }
    EXPECT_EQ(node(restarted).wait_exit(), 0) << node(restarted).output();
    for (auto& client : clients) client->settle();
    // They are all on one node now; between them nothing is lost while the other one comes back.
    start_again(restarted);
    for (auto& from : clients) {
      for (auto& to : clients) {
        if (from == to) continue;
        from->peer().send_to(to->name(), fmt(R"("%")", from->name()));
        EXPECT_THAT(to->next("signal"), testing::HasSubstr(from->peer().fingerprint()));
      }
    }
    wait_until([&] { return all_healthy(4); });
    wait_for_nodes(node(0), 2);
    wait_for_nodes(node(1), 2);
  }

  clients[0]->peer().send("discover", R"({"namespace":"lobby"})");
  const Json list = Json::parse(clients[0]->next("peer_list"));
  EXPECT_THAT(aliases(list), UnorderedElementsAre("anna", "ben", "cleo", "dora"));
  // Nobody has joined the room again, so it ended with the last of the old connections.
  clients[1]->peer().send("join_room", R"({"room_id":"den"})");
  EXPECT_THAT(clients[1]->next("error"), testing::HasSubstr("room not found"));
  clients[1]->peer().send("create_room", R"({"room_id":"den"})");
  clients[1]->next("room_created");
}

}  // namespace
}  // namespace peer::test
