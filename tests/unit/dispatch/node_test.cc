#include "tests/unit/dispatch/node_test.h"

#include <Poco/AutoPtr.h>
#include <Poco/Channel.h>
#include <Poco/Logger.h>
#include <Poco/Message.h>

#include <condition_variable>
#include <future>
#include <stdexcept>
#include <thread>
#include <utility>

#include <peer/sdk/plugin.h>

#include "core/dialect/dialect_dispatcher.h"
#include "core/dispatch/node_host.h"
#include "core/http/endpoints.h"
#include "core/net/listener.h"
#include "core/server/node.h"
#include "core/session/auth_host.h"

namespace peer::test {
namespace {

/// Keeps what is logged of plugins. Thread-safe.
class Lines final : public Poco::Channel {
 public:
  void log(const Poco::Message& message) override {
    const std::lock_guard lock(mutex_);
    // How long a call took depends on the machine.
    const std::string& line = message.getText();
    if (line.starts_with("plugin ") && line.find(" ms, budget ") == line.npos) {
      lines_.push_back(line);
    }
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// The handlers, and how many connections have gone. Thread-safe where Application is.
class Watched final : public Application {
 public:
  explicit Watched(Node& node) : dispatcher_(node) {}

  std::string on_http(const HttpRequest& request, bool loopback) override {
    return dispatcher_.on_http(request, loopback);
  }
  std::string on_request(Connection& connection, const HttpRequest& request,
                         bool loopback) override {
    return dispatcher_.on_request(connection, request, loopback);
  }
  std::string refusal(Connection& connection, const HttpRequest& request, Refusal reason,
                      int status, std::string_view why) override {
    return dispatcher_.refusal(connection, request, reason, status, why);
  }
  Dialects& dialects() { return dispatcher_.dialects(); }
  void on_open(Connection& connection, HttpRequest&& request) override {
    dispatcher_.on_open(connection, std::move(request));
  }
  void on_message(Connection& connection, std::string_view text) override {
    dispatcher_.on_message(connection, text);
  }
  void on_deadline(Connection& connection) override { dispatcher_.on_deadline(connection); }
  void on_close(Connection& connection) override {
    dispatcher_.on_close(connection);
    const std::lock_guard lock(mutex_);
    ++gone_;
    changed_.notify_all();
  }

  std::size_t gone() {
    const std::lock_guard lock(mutex_);
    return gone_;
  }
  void wait_for_gone(std::size_t count) {
    std::unique_lock lock(mutex_);
    const milliseconds left(Deadline().milliseconds_left());
    if (!changed_.wait_for(lock, left, [&] { return gone_ >= count; })) {
      throw std::runtime_error("the connection has not gone");
    }
  }

 private:
  DialectDispatcher dispatcher_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t gone_ = 0;
};

std::string with_id(std::string_view type, std::string_view id, std::string_view payload) {
  std::string text = "{\"type\":\"" + std::string(type) + "\"";
  if (!id.empty()) text.append(",\"id\":").append(id);
  return text.append(",\"payload\":").append(payload) + "}";
}

std::string notification(std::string_view type, std::string_view from, std::string_view ns,
                         std::string_view payload) {
  std::string text = "{\"type\":\"" + std::string(type) + "\",\"from\":\"<";
  text.append(from).append(">\",\"namespace\":\"").append(ns).append("\",\"payload\":");
  return text.append(payload) + ",\"ts\":0}";
}

}  // namespace

std::string error(int code, std::string_view text, std::string_view id) {
  std::string payload = "{\"code\":" + std::to_string(code) + ",\"message\":\"";
  return with_id("error", id, payload.append(text) + "\"}");
}

std::string ack(std::string_view id, int delivered, int dropped) {
  return with_id("ack", id,
                 "{\"delivered\":" + std::to_string(delivered) +
                     ",\"dropped\":" + std::to_string(dropped) + "}");
}

std::string object(std::string_view name) {
  std::string text = "{\"fingerprint\":\"<";
  text.append(name).append(">\",\"alias\":\"").append(name);
  return text + "\",\"meta\":{}}";
}

std::string peer_list(std::string_view ns, const std::vector<std::string>& names,
                      std::string_view id) {
  std::string payload = "{\"namespace\":\"" + std::string(ns) + "\",\"peers\":[";
  for (const std::string& name : names) {
    payload.append(name == names.front() ? "" : ",").append(object(name));
  }
  return with_id("peer_list", id, payload + "],\"total\":" + std::to_string(names.size()) + "}");
}

std::string peer_joined(std::string_view ns, std::string_view name) {
  return notification("peer_joined", name, ns, object(name));
}

std::string peer_left(std::string_view ns, std::string_view name) {
  return notification("peer_left", name, ns, "{\"fingerprint\":\"<" + std::string(name) + ">\"}");
}

std::string room_info(std::string_view room, std::string_view owner, int size, int count) {
  std::string payload = "{\"room_id\":\"" + std::string(room) + "\",\"owner\":\"<";
  payload.append(owner).append(">\",\"max_size\":").append(std::to_string(size));
  return with_id("room_info", {}, payload + ",\"peer_count\":" + std::to_string(count) + "}");
}

// --- Client

void Client::send(std::string_view type, std::string_view payload, std::string_view more) {
  std::string text = "{\"type\":\"" + std::string(type) + "\"";
  if (!payload.empty()) text.append(",\"payload\":").append(payload);
  if (!more.empty()) text.append(",").append(more);
  send(text + "}");
}

std::string Client::ask(std::string_view text) {
  send(text);
  return read();
}

std::string Client::ask(std::string_view type, std::string_view payload, std::string_view more) {
  send(type, payload, more);
  return read();
}

std::vector<std::string> Client::heard() {
  test_->settle();
  send(R"({"type":"ping"})");
  std::vector<std::string> messages;
  for (std::string text = read(); text != R"({"type":"pong"})"; text = read()) {
    messages.push_back(text);
  }
  return messages;
}

bool Client::waits() {
  test_->settle();
  const Deadline now(milliseconds(0));
  try {
    ADD_FAILURE() << "heard " << with_names(ws_.read_text(now));
  } catch (const std::runtime_error&) {  // nothing to read
    return true;
  }
  return false;
}

std::vector<std::string> Client::end() {
  std::vector<std::string> messages;
  while (true) {
    const Frame frame = ws_.read_frame();
    if (frame.opcode == kText) messages.push_back(with_names(frame.payload));
    if (frame.opcode != kClose) continue;
    if (frame.payload.empty()) {
      messages.emplace_back("empty");
      return messages;
    }
    const auto high = static_cast<unsigned char>(frame.payload.at(0));
    const auto low = static_cast<unsigned char>(frame.payload.at(1));
    messages.push_back(std::to_string(high << 8 | low) + " " + frame.payload.substr(2));
    return messages;
  }
}

// --- NodeTest

struct NodeTest::Plugins {
  std::unique_ptr<TestBroker> broker = std::make_unique<TestBroker>();
  std::unique_ptr<TestStrategy> strategy = std::make_unique<TestStrategy>();
  std::unique_ptr<TestRooms> rooms = std::make_unique<TestRooms>();
  std::unique_ptr<TestAuth> auth = std::make_unique<TestAuth>();
  std::unique_ptr<TestDialect> dialect = std::make_unique<TestDialect>();
  Poco::AutoPtr<Lines> lines{new Lines};

  template <typename Interface>
  static LoadedPlugin<Interface> loaded(std::unique_ptr<Interface> object) {
    PluginInfo info{Interface::kKind, "test", "1.0.0", "", "test", {}};
    return {std::make_unique<PluginRecord>(std::move(info), PEER_SDK_REVISION), std::move(object)};
  }

  LoadedPlugins release(bool speaks_dialect) {
    LoadedPlugins plugins;
    plugins.broker = loaded<sdk::Broker>(std::move(broker));
    plugins.match_strategies.push_back(loaded<sdk::MatchStrategy>(std::move(strategy)));
    plugins.room_policies.push_back(loaded<sdk::RoomPolicy>(std::move(rooms)));
    plugins.auths.push_back(loaded<sdk::Auth>(std::move(auth)));
    if (speaks_dialect) plugins.dialects.push_back(loaded<sdk::Dialect>(std::move(dialect)));
    return plugins;
  }
};

/// As core/process/server.cc has it, but with a port for each loop, so that a test chooses.
struct NodeTest::Running {
  Running(const Config& config, LoadedPlugins plugins, std::size_t loops)
      : node(config, std::move(plugins), loops), application(node), host(node), auth_host(node) {
    for (std::size_t i = 0; i < loops; ++i) {
      NetOptions options;
      options.foreign_paths = application.dialects().upgrade_paths();
      for (const std::string& text : config.allowed_origins) {
        options.allowed_origins.push_back(*parse_origin_pattern(text));
      }
      auto loop = std::make_unique<EventLoop>(static_cast<std::uint8_t>(i), options, application);
      if (!options.foreign_paths.empty()) loop->use_admission(node.admission);
      node.add_loop(std::move(loop));
      const sdk::Result<Listeners> listeners = listen_on("127.0.0.1", 0, 1);
      if (!listeners) throw std::runtime_error(listeners.error().message);
      node.loops.back()->listen({listeners->fds[0]});
      ports.push_back(listeners->port);
    }
    if (!application.dialects().start()) throw std::runtime_error("the dialect does not start");
    node.plugins.broker->start(host);
    auth_host.start();
    for (const auto& loop : node.loops) threads.emplace_back([&loop] { loop->run(); });
  }

  ~Running() {
    node.stopping = true;
    for (const auto& loop : node.loops) {
      loop->post([&loop = *loop] {
        loop.stop(CloseCode::kGoingAway, "bye", milliseconds(0), loop.now());
      });
    }
    for (std::thread& thread : threads) thread.join();
    auth_host.stop();
    node.plugins.broker->stop();
    // Those may hold replies, which refer to the loops.
    node.plugins.broker.object.reset();
    for (auto& auth : node.plugins.auths) auth.object.reset();
    for (auto& dialect : node.plugins.dialects) dialect.object.reset();
  }

  Node node;
  Watched application;
  NodeHost host;
  AuthPluginHost auth_host;
  std::vector<std::uint16_t> ports;
  std::vector<std::thread> threads;
};

NodeTest::NodeTest(Others others)
    : plugins_(std::make_unique<Plugins>()),
      broker_(*plugins_->broker),
      strategy_(*plugins_->strategy),
      rooms_(*plugins_->rooms),
      auth_(*plugins_->auth),
      dialect_(*plugins_->dialect) {
  if (others == Others::kNone) broker_.stand_alone();
  config_.max_peers = 100;
  config_.shard_count = 4;
  config_.rate_limit_burst = 1'000'000;
  Poco::Logger::get("peer").setChannel(plugins_->lines);
}

NodeTest::~NodeTest() {
  running_.reset();
  Poco::Logger::get("peer").setChannel(nullptr);
}

NodeTest::Running& NodeTest::running() {
  if (running_ == nullptr) {
    running_ = std::make_unique<Running>(config_, plugins_->release(speaks_dialect_), loops_);
  }
  return *running_;
}

Client NodeTest::connect(std::size_t loop) { return {*this, running().ports[loop]}; }

std::uint16_t NodeTest::port(std::size_t loop) { return running().ports[loop]; }

Client NodeTest::foreign(std::string_view query, std::size_t loop, std::string headers) {
  if (running_ == nullptr) speaks_dialect_ = true;
  return {*this, port(loop), "/test?" + std::string(query), std::move(headers)};
}

Client NodeTest::foreign_peer(std::string_view id, std::size_t loop) {
  Client client = foreign("id=" + std::string(id) + "&token=" + std::string(id), loop);
  EXPECT_EQ(client.read(), "open " + std::string(id));
  return client;
}

Client NodeTest::peer(std::string_view name, std::size_t loop) {
  Client client = connect(loop);
  const std::string quoted = "\"" + std::string(name) + "\"";
  static_cast<void>(peer_named(name));
  EXPECT_EQ(client.ask("register", "{\"public_key\":" + quoted + ",\"alias\":" + quoted + "}"),
            R"({"type":"registered","from":"<)" + std::string(name) +
                R"(>","payload":{"fingerprint":"<)" + std::string(name) + R"(>","alias":)" +
                quoted + "}}");
  return client;
}

Client NodeTest::peer_in(std::string_view ns, std::string_view name, std::size_t loop) {
  Client client = peer(name, loop);
  EXPECT_THAT(client.ask("join", "{\"namespace\":\"" + std::string(ns) + "\"}"),
              testing::StartsWith(R"({"type":"peer_list")"));
  return client;
}

Client NodeTest::owner_of(std::string_view room, std::string_view name, int size,
                          std::size_t loop) {
  Client client = peer(name, loop);
  const std::string id = R"({"room_id":")" + std::string(room) + "\"";
  const std::string max_size = ",\"max_size\":" + std::to_string(size) + "}";
  EXPECT_EQ(client.ask("create_room", id + max_size), R"({"type":"room_created","payload":)" + id +
                                                          ",\"owner\":\"<" + std::string(name) +
                                                          ">\"" + max_size + "}");
  return client;
}

void NodeTest::leave(Client& client) {
  end_by([&] { client.drop(); });
}

void NodeTest::end_by(const std::function<void()>& what) {
  const std::size_t before = running().application.gone();
  what();
  running().application.wait_for_gone(before + 1);
  settle();
}

void NodeTest::elsewhere(std::string_view command) {
  static_cast<void>(running());
  broker_.obey(command);
}

Node& NodeTest::node() { return running().node; }
sdk::BrokerHost& NodeTest::host() { return running().host; }

void NodeTest::on_loop(std::size_t loop, const std::function<void()>& task) {
  std::promise<void> done;
  node().loops[loop]->post([&] {
    task();
    done.set_value();
  });
  done.get_future().get();
}

void NodeTest::settle() {
  // What one loop posts to another, and that one back; and one round more, that all is sent.
  constexpr int kRounds = 4;
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t loop = 0; loop < loops_; ++loop) on_loop(loop, [] {});
  }
}

std::uint64_t NodeTest::errors(MessageType type, int code) {
  std::uint64_t sum = 0;
  for (const auto& state : node().loop_states) {
    for (std::size_t i = 0; i < kErrorCodes.size(); ++i) {
      if (kErrorCodes[i] == code) sum += state->errors.count(static_cast<std::size_t>(type), i);
    }
  }
  return sum;
}

std::uint64_t NodeTest::handled(MessageType type) {
  std::uint64_t sum = 0;
  for (const auto& state : node().loop_states) {
    sum += state->messages[static_cast<std::size_t>(type)];
  }
  return sum;
}

std::vector<std::string> NodeTest::log() { return plugins_->lines->lines(); }

std::string NodeTest::http(std::string_view method, std::string_view path, bool loopback) {
  HttpRequest request;
  request.method = method;
  request.path = path;
  std::string answer;
  on_loop(0, [&] { answer = answer_http(node(), request, loopback); });
  return answer;
}

}  // namespace peer::test
