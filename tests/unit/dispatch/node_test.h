#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.h"
#include "tests/support/ws_client.h"
#include "tests/unit/dialect/test_dialect.h"
#include "tests/unit/dispatch/names.h"
#include "tests/unit/dispatch/test_broker.h"
#include "tests/unit/dispatch/test_plugins.h"
#include "tests/unit/match/test_strategy.h"

namespace peer {
struct Node;
enum class MessageType : std::uint8_t;
}  // namespace peer

namespace peer::test {

class NodeTest;

/// `{"type":"error","payload":{...}}`; `id`: as JSON.
std::string error(int code, std::string_view text, std::string_view id = {});
/// `{"type":"ack","id":...}`
std::string ack(std::string_view id, int delivered, int dropped = 0);
/// A peer object without meta: of a peer whose alias is its name.
std::string object(std::string_view name);
/// `peer_list` of these, who are all.
std::string peer_list(std::string_view ns, const std::vector<std::string>& names,
                      std::string_view id = {});
std::string peer_joined(std::string_view ns, std::string_view name);
std::string peer_left(std::string_view ns, std::string_view name);
std::string room_info(std::string_view room, std::string_view owner, int size, int count);

/// The payload of a request that names the lobby alone.
inline constexpr std::string_view kLobby = R"({"namespace":"lobby"})";

/// A WebSocket of a test's node. Texts in and out have names for fingerprints (names.h). What does
/// not come in time throws.
class Client {
 public:
  Client(NodeTest& test, std::uint16_t port, std::string path = "/ws", std::string headers = {})
      : test_(&test),
        ws_(Dial{.port = port, .path = std::move(path), .headers = std::move(headers)}) {}

  void send(std::string_view text) { ws_.send_text(with_fingerprints(text)); }
  void send(std::string_view type, std::string_view payload, std::string_view more = {});
  /// The next message.
  std::string read() { return with_names(ws_.read_text()); }
  /// The same as it came.
  std::string read_raw() { return ws_.read_text(); }
  void send_bytes(std::string_view bytes) { ws_.send_raw(bytes); }
  /// Sends, and reads the next message. `more`: further members of the envelope.
  std::string ask(std::string_view text);
  std::string ask(std::string_view type, std::string_view payload, std::string_view more = {});
  /// All that has come since the last read. The peer must be registered, and no operation of it
  /// under way: for it asks for a pong, to know where to stop.
  std::vector<std::string> heard();
  /// Whether nothing has come, although all that the node could do is done.
  bool waits();
  /// All that comes up to the close frame, and that: "1008 registration timeout"; "empty" for one
  /// without a code.
  std::vector<std::string> end();
  /// Breaks the connection, without waiting for anything.
  void drop() { ws_.stream().reset(); }
  /// Ends TCP in one direction, without a close frame.
  void half_close() { ws_.stream().shutdown_writing(); }

 private:
  NodeTest* test_;
  WsClient ws_;
};

/// One node in this process: its loops, handlers and endpoints, with plugins of the test's own.
/// It starts with the first connection: before, a test sets what it wants otherwise. A node has no
/// other nodes unless the test is a ClusterTest.
class NodeTest : public testing::Test {
  struct Running;
  struct Plugins;
  std::unique_ptr<Plugins> plugins_;  // until the node has them
  std::unique_ptr<Running> running_;

 public:
  /// Returns when all that was posted to the loops so far is done, and what that posted, and sent.
  void settle();

 protected:
  enum class Others : std::uint8_t { kNone, kThere };

  explicit NodeTest(Others others = Others::kNone);
  ~NodeTest() override;

  /// A client of TestDialect, which the node has from the first of these on if that is the first of
  /// all connections. `query`: "id=alice&token=x".
  Client foreign(std::string_view query, std::size_t loop = 0, std::string headers = {});
  /// The same, of one that has been let in.
  Client foreign_peer(std::string_view id, std::size_t loop = 0);
  /// A connection to one of the loops, unregistered.
  Client connect(std::size_t loop = 0);
  /// The same, registered with `name` as public key and alias.
  Client peer(std::string_view name, std::size_t loop = 0);
  /// The same, and in a namespace or room.
  Client peer_in(std::string_view ns, std::string_view name, std::size_t loop = 0);
  /// The same, and the owner of a room of that size.
  Client owner_of(std::string_view room, std::string_view name, int size = 2, std::size_t loop = 0);
  /// The connection breaks; returns when the node has seen it, and done what follows.
  void leave(Client& client);
  /// The same of what else ends a connection of the node.
  void end_by(const std::function<void()>& what);

  Node& node();
  /// What happens elsewhere: see TestBroker::obey().
  void elsewhere(std::string_view command);
  /// What other nodes say to this one.
  sdk::BrokerHost& host();
  /// Runs `task` on a loop, and waits for it.
  void on_loop(std::size_t loop, const std::function<void()>& task);
  /// Answers with `code` to messages of that type so far, and messages of that type handled.
  std::uint64_t errors(MessageType type, int code);
  std::uint64_t handled(MessageType type);
  /// What the log says of plugins so far.
  std::vector<std::string> log();
  /// The answer to a request of a client on this machine, or elsewhere: status line to body.
  std::string http(std::string_view method, std::string_view path, bool loopback = true);
  [[nodiscard]] std::uint16_t port(std::size_t loop = 0);

  Config config_;
  std::size_t loops_ = 1;
  TestBroker& broker_;
  TestStrategy& strategy_;
  TestRooms& rooms_;
  TestAuth& auth_;
  TestDialect& dialect_;
  bool speaks_dialect_ = false;  ///< before the node is made

 private:
  Running& running();
};

/// A node of several.
class ClusterTest : public NodeTest {
 protected:
  ClusterTest() : NodeTest(Others::kThere) {}
};

}  // namespace peer::test
