// Every key that a reload can change, and what it changes: a key whose value is only copied, and is
// believed to be changed, has no effect and fails here. docs/configuration.md says which keys these
// are, and tests/unit/config/docs_test.cc that it says so rightly.
#include <csignal>
#include <fstream>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/support/dev_certificate.h"
#include "tests/support/free_port.h"
#include "tests/support/http_client.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

/// What a probe works with.
class Probe : public ServerTest {
 public:
  using ServerTest::connect;
  using ServerTest::expect_exit;
  using ServerTest::http_json;
  using ServerTest::peer;
  using ServerTest::port;
  using ServerTest::server;
  using ServerTest::start_with;
  void TestBody() override {}

  /// The type of an answer, and the words of an error.
  static std::string words(const Json& answer) {
    const std::string type = answer["type"].str();
    return type == "error" ? type + ": " + answer["payload"]["message"].str() : type;
  }
  /// What a peer is told that registers with these members beside its public key.
  std::string registers(std::string_view members, std::string_view key = "somebody") {
    TestPeer newcomer = connect();
    newcomer.send("register", fmt(R"({"public_key":"%"%})", key, members));
    return words(newcomer.next());
  }
  /// What a new registered peer is told in answer to a message.
  std::string asks(std::string_view type, std::string_view payload) {
    TestPeer asking = peer("asking");
    asking.join("lobby");
    asking.send(type, payload, R"("id":1)");
    return words(asking.next());
  }
  /// The answer to an upgrade: status, and the lines of that name.
  std::string upgrade(std::string_view headers, const std::string& shown = {},
                      std::string_view path = "/ws") {
    HttpClient client(port());
    client.stream().write(upgrade_request(path, headers));
    const HttpReply reply = client.read_reply();
    const auto line = reply.headers.find(shown);
    return fmt("% %", reply.status, line == reply.headers.end() ? "" : line->second);
  }
  /// The statuses of that many upgrades, of which each stays open.
  std::string upgrades(int count) {
    std::vector<std::unique_ptr<HttpClient>> clients;
    std::string statuses;
    for (int i = 0; i < count; ++i) {
      clients.push_back(std::make_unique<HttpClient>(port()));
      clients.back()->stream().write(upgrade_request());
      statuses += fmt("% ", clients.back()->read_reply().status);
    }
    return statuses;
  }
  /// Whether all that is sent to a peer that does not read finds room in its queue.
  std::string burst_to_one() {
    TestPeer sender = peer("sender");
    TestPeer sleeper = connect(Dial{.receive_buffer = 4096});
    sleeper.register_as("sleeper");
    sender.join("lobby");
    sleeper.join("lobby");
    sender.next("peer_joined");
    for (int i = 0; i < 200; ++i) {
      sender.send("signal", "\"" + std::string(60'000, 'x') + "\"",
                  fmt(R"("to":"%","id":1)", sleeper.fingerprint()));
      if (sender.next()["payload"]["delivered"].number() != 1) return "not whole";
    }
    return "whole";
  }
  /// The answer to the first of so many sessions that are away after some pings each, and comes
  /// back with so many of the answers. Those of an earlier call have left.
  std::string resumes(int sessions, int pings, int received) {
    std::string token;
    std::vector<TestPeer> peers;
    for (int i = 0; i < sessions; ++i) {
      peers.push_back(connect());
      const Json registered = peers.back().register_as(fmt("session %", i), R"("resume":true)");
      if (i == 0) token = registered["payload"]["session"]["token"].str();
      for (int ping = 0; ping < pings; ++ping) peers.back().round_trip();
    }
    for (TestPeer& peer : peers) {
      // It goes away, or another one leaves for it, or it ends.
      const auto there = [this] {
        const Json stats = http_json("/stats");
        return stats["sessions"]["away"].text() + " " + stats["sessions"]["expired"].text() + " " +
               stats["total_peers"].text();
      };
      const std::string before = there();
      peer.ws().stream().reset();
      const Deadline deadline;
      while (there() == before && !deadline.passed()) continue;
    }
    TestPeer again = connect();
    again.send("resume", fmt(R"({"token":"%","received":%})", token, received));
    return words(again.next());
  }
  /// Who follows is told of a connection that does not read, and is closed for it.
  void fill(TestPeer& sender, TestPeer& sleeper, int messages) {
    for (int i = 0; i < messages; ++i) {
      sender.send_to(sleeper.fingerprint(), "\"" + std::string(60'000, 'x') + "\"");
    }
  }
};

struct Row {
  std::string key;
  std::string before;
  std::string after;
  /// What is seen of the key's value: by a new client each time.
  std::function<std::string(Probe&)> see;
  std::string base = {};  ///< what else is configured
};

Row row(std::string key, std::string before, std::string after,
        std::function<std::string(Probe&)> see, std::string base = {}) {
  return {std::move(key), std::move(before), std::move(after), std::move(see), std::move(base)};
}

std::string text_of(std::size_t length) { return std::string(length, 'x'); }

const std::string kByAddress = "exempt_loopback: false\n";

std::string with_admin_port() {
  static const std::string line = fmt("admin_port: %\n", static_cast<int>(free_port()));
  return line;
}

/// What the Server API answers.
int ask_admin(std::string_view token, std::string_view method, std::string_view path,
              std::string_view body = {}) {
  const std::string line = with_admin_port();
  HttpClient client(static_cast<std::uint16_t>(std::stoi(line.substr(line.find(' ') + 1))));
  client.stream().write(
      fmt("% % HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %\r\n"
          "Content-Length: %\r\n\r\n%",
          method, path, token, body.size(), body));
  return client.read_reply().status;
}

/// Keys whose effect is seen by asking before and after.
std::vector<Row> rows_by_answer() {
  const std::string one(32, '1');
  const std::string two(32, '2');
  const auto one_may_read = [one](Probe&) { return fmt("%", ask_admin(one, "GET", "/v1/nodes")); };
  const auto two_bans = [one](Probe&) {
    const std::string body = R"({"seconds":60})";
    return fmt("% %", ask_admin(one, "PUT", "/v1/bans/10.0.0.1", body),
               ask_admin(one, "PUT", "/v1/bans/10.0.0.2", body));
  };
  const auto tell_path = [](Probe& probe) { return probe.upgrade("", "", "/other"); };
  const auto second_peer = [](Probe& probe) {
    const TestPeer first = probe.peer("first");
    return probe.registers("", "second");
  };
  const auto second_member = [](Probe& probe) {
    TestPeer first = probe.peer("first");
    first.join("lobby");
    TestPeer second = probe.peer("second");
    second.send("join", R"({"namespace":"lobby"})");
    return Probe::words(second.next());
  };
  const auto joins = [](const std::string& payload) {
    return [payload](Probe& probe) { return probe.asks("join", payload); };
  };
  const auto self_burst = [](Probe& probe) { return probe.burst_to_one(); };
  const auto list_of_two = [](Probe& probe) {
    TestPeer first = probe.peer("first");
    first.join("lobby", fmt(R"("meta":{"x":"%"})", text_of(800)));
    TestPeer second = probe.peer("second");
    second.join("lobby", fmt(R"("meta":{"x":"%"})", text_of(800)));
    TestPeer third = probe.peer("third");
    third.join("lobby");
    return third.last_text().size() > 1700 ? "all" : "some";
  };
  const auto discovers = [](Probe& probe) {
    TestPeer first = probe.peer("first");
    first.join("lobby");
    TestPeer asking = probe.peer("asking");
    asking.join("lobby");
    asking.send("discover", R"({"namespace":"lobby","limit":2})", R"("id":1)");
    asking.next();
    const bool has_both = asking.last_text().find(first.fingerprint()) != std::string::npos &&
                          asking.last_text().find(asking.fingerprint()) != std::string::npos;
    return has_both ? "two" : "one, or an error";
  };
  const auto pings = [](Probe& probe) {
    TestPeer pinging = probe.peer("pinging");
    int pongs = 0;
    for (int i = 0; i < 10; ++i) {
      pinging.send(message("ping"));
      pongs += pinging.next()["type"].str() == "pong" ? 1 : 0;
    }
    return pongs == 10 ? "ten" : "fewer";
  };
  const auto broadcasts = [](Probe& probe) {
    TestPeer first = probe.peer("first");
    first.join("lobby");
    TestPeer second = probe.peer("second");
    second.join("lobby");
    first.next("peer_joined");
    std::string answers;
    for (int i = 0; i < 5; ++i) {
      first.send("broadcast", R"({"namespace":"lobby","data":1})", R"("id":1)");
      answers = Probe::words(first.next());
    }
    return answers;
  };
  const auto stats = [](const char* path, const char* wanted) {
    return [path, wanted](Probe& probe) {
      const HttpReply reply = http_get(probe.port(), path);
      return fmt("% %", reply.status, reply.body.find(wanted) != std::string::npos ? "has" : "not");
    };
  };
  const auto addresses = [](Probe& probe) {
    const std::string name = "logged";
    TestPeer logged = probe.peer(name);
    logged.close();
    probe.server().wait_for_output("closed peer=" + logged.fingerprint());
    const std::string log = probe.server().output();
    return log.substr(log.rfind("registered peer="), 120).find("address=") == std::string::npos
               ? "without"
               : "with";
  };
  const auto webhook_series = [](Probe& probe) {
    const HttpReply reply = http_get(probe.server().metrics_port(), "/metrics");
    return reply.body.find("peer_server_webhook_waiting_events") != std::string::npos ? "has them"
                                                                                      : "has none";
  };
  return {
      row("admin_token", "\"" + one + "\"", "\"" + two + "\"", one_may_read, with_admin_port()),
      row("admin_tokens", fmt(R"([{name: a, token: "%", role: read}])", one),
          fmt(R"([{name: a, token: "%", role: read}])", two), one_may_read, with_admin_port()),
      row("webhooks", "[]", "[{url: 'http://127.0.0.1:9/hook', secret: x}]", webhook_series,
          with_admin_port() + "admin_token: \"" + one +
              "\"\nmetrics_enabled: true\nmetrics_port: 0\n"),
      row("max_bans", "1", "2", two_bans, with_admin_port() + "admin_token: \"" + one + "\"\n"),
      row("path", "/ws", "/other", tell_path),
      row("max_peers", "1", "10", second_peer),
      row("max_namespace_size", "1", "10", second_member),
      row("max_namespaces_per_peer", "1", "10", joins(R"({"namespace":"more"})")),
      row("max_peer_state", "1024", "100000",
          joins(fmt(R"({"namespace":"more","meta":{"x":"%"}})", text_of(900))),
          "max_name_length: 1000\nmax_meta_size: 1000\nmax_join_meta_size: 1000\n"
          "max_criteria_size: 1000\n"),
      row(
          "password_queue", "0", "10",
          [](Probe& probe) {
            return probe.asks("create_room", R"({"room_id":"den","password":"x"})");
          },
          "plugins: {room_policy: {name: managed}}\n"),
      row(
          "max_empty_rooms", "0", "10",
          [](Probe& probe) {
            TestPeer owner = probe.peer("owner");
            owner.create_room("den");
            owner.send("leave", R"({"namespace":"den"})");
            owner.send("room_info", R"({"room_id":"den"})");
            return owner.next()["type"].str();
          },
          "plugins: {room_policy: {name: managed, options: {empty_timeout: 1h}}}\n"),
      row("send_buffer_size", "1", "1000", self_burst,
          "loops: 1\nrate_limit_burst: 10000\nsend_buffer_bytes: 1073741824\n"
          "max_queued_bytes: 1099511627776\n"),
      row("send_buffer_bytes", "100000", "1073741824", self_burst,
          "loops: 1\nrate_limit_burst: 10000\nsend_buffer_size: 1000\n"
          "max_queued_bytes: 1099511627776\n"),
      row(
          "max_connections_per_ip", "1", "0", [](Probe& probe) { return probe.upgrades(2); },
          kByAddress),
      row(
          "connection_rate_per_ip", "1", "1000000", [](Probe& probe) { return probe.upgrades(3); },
          kByAddress + "connection_burst_per_ip: 2\n"),
      row(
          "connection_burst_per_ip", "1000", "1", [](Probe& probe) { return probe.upgrades(3); },
          kByAddress + "connection_rate_per_ip: 1\n"),
      row(
          "max_unregistered", "1", "10", [](Probe& probe) { return probe.upgrades(2); },
          kByAddress),
      row(
          "max_unregistered_per_ip", "1", "10", [](Probe& probe) { return probe.upgrades(2); },
          kByAddress),
      row(
          "exempt_loopback", "false", "true", [](Probe& probe) { return probe.upgrades(2); },
          "max_connections_per_ip: 1\n"),
      row("allowed_origins", "[\"https://a.example\"]", "[\"https://b.example\"]",
          [](Probe& probe) { return probe.upgrade("Origin: https://b.example\r\n"); }),
      row("subprotocols", "[a]", "[b]",
          [](Probe& probe) {
            return probe.upgrade("Sec-WebSocket-Protocol: b\r\n", "sec-websocket-protocol");
          }),
      row("ice_servers", "[]", "[{urls: [\"stun:a\"]}]",
          [](Probe& probe) {
            TestPeer asking = probe.peer("asking");
            asking.send("ice_servers", "{}");
            return asking.next("ice_servers")["payload"].text();
          }),
      row("compression_enabled", "false", "true",
          [](Probe& probe) {
            return probe.upgrade("Sec-WebSocket-Extensions: permessage-deflate\r\n",
                                 "sec-websocket-extensions");
          }),
      row(
          "compression_threshold", "60000", "100",
          [](Probe& probe) {
            TestPeer self =
                probe.connect(Dial{.headers = "Sec-WebSocket-Extensions: permessage-deflate\r\n"});
            self.register_as("self");
            self.join("lobby");
            self.send_to(self.fingerprint(), "\"" + text_of(3000) + "\"");
            return fmt("%", static_cast<int>(self.ws().read_frame().rsv));
          },
          "compression_enabled: true\n"),
      row("max_message_size", "1000", "65536",
          [](Probe& probe) {
            TestPeer self = probe.peer("self");
            self.send("ping", "\"" + text_of(2000) + "\"");
            return fmt("%", static_cast<int>(self.ws().read_frame().opcode));
          }),
      row("max_name_length", "10", "100", joins(fmt(R"({"namespace":"%"})", text_of(50)))),
      row("max_alias_length", "10", "100",
          [](Probe& probe) { return probe.registers(fmt(R"(,"alias":"%")", text_of(50))); }),
      row("max_app_type_length", "10", "100",
          joins(fmt(R"({"namespace":"more","app_type":"%"})", text_of(50)))),
      row("max_public_key_length", "10", "100",
          [](Probe& probe) { return probe.registers("", text_of(50)); }),
      row("max_meta_size", "20", "200",
          [](Probe& probe) { return probe.registers(fmt(R"(,"meta":{"x":"%"})", text_of(50))); }),
      row("max_join_meta_size", "20", "200",
          joins(fmt(R"({"namespace":"more","meta":{"x":"%"}})", text_of(50)))),
      row("max_criteria_size", "20", "200",
          [](Probe& probe) {
            return probe.asks("match", fmt(R"({"namespace":"lobby","group_size":2,)"
                                           R"("criteria":{"x":"%"}})",
                                           text_of(50)));
          }),
      row("max_exclude", "1", "10",
          [](Probe& probe) {
            return probe.asks("broadcast",
                              R"({"namespace":"lobby","data":1,"exclude":["a","b","c"]})");
          }),
      row("max_peer_list_size", "1024", "60000", list_of_two),
      row("discover_limit_max", "1", "10", discovers),
      row("rate_limit_per_sec", "1", "1000000", pings, "rate_limit_burst: 5\n"),
      row("rate_limit_burst", "5", "1000", pings, "rate_limit_per_sec: 1\n"),
      row("fanout_limit_per_sec", "1", "1000", broadcasts),
      row("match_group_max", "2", "10",
          [](Probe& probe) {
            return probe.asks("match", R"({"namespace":"lobby","group_size":5})");
          }),
      row("reserved_namespaces", "[mine]", "[yours]",
          [](Probe& probe) { return probe.asks("create_room", R"({"room_id":"mine"})"); }),
      row("quiet_namespaces", "[]", "[lobby]",
          [](Probe& probe) { return probe.asks("discover", R"({"namespace":"lobby"})"); }),
      row(
          "discover_quiet", "true", "false",
          [](Probe& probe) { return probe.asks("discover", R"({"namespace":"lobby"})"); },
          "quiet_namespaces: [lobby]\n"),
      row("resume_window", "0", "10s",
          [](Probe& probe) {
            TestPeer asking = probe.connect();
            asking.register_as("asking", R"("resume":true)");
            return asking.last_text().find("token") == std::string::npos ? "none" : "a session";
          }),
      row("resume_max_age", "1ms", "1h", [](Probe& probe) { return probe.resumes(1, 2, 0); }),
      row("max_away_sessions", "1", "10", [](Probe& probe) { return probe.resumes(2, 0, 0); }),
      row("resume_buffer_size", "1", "10", [](Probe& probe) { return probe.resumes(1, 3, 0); }),
      row("resume_buffer_bytes", "1", "1000", [](Probe& probe) { return probe.resumes(1, 3, 0); }),
      row("resume_total_bytes", "1", "1000000",
          [](Probe& probe) { return probe.resumes(1, 1, 0); }),
      row("stats_access", "off", "public", stats("/stats", "total_peers")),
      row("stats_list_rooms", "false", "true", stats("/stats", "room_list")),
      row("log_addresses", "true", "false", addresses, "log_level: debug\n"),
  };
}

/// What a probe cannot see before without waiting for nothing: that it comes to its end after the
/// reload is the effect. The value before makes it take an hour.
std::vector<Row> rows_by_event() {
  const auto named = [](const char* address) {
    return [address](Probe& probe) {
      probe.connect(Dial{.headers = "X-Real-IP: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n"})
          .register_as("proxied");
      probe.server().wait_for_output(fmt("connected address=%", address));
      return std::string();
    };
  };
  const auto sleeper_goes = [](Probe& probe) {
    TestPeer sender = probe.peer("sender");
    TestPeer sleeper = probe.connect(Dial{.receive_buffer = 4096});
    sleeper.register_as("sleeper");
    sender.join("lobby");
    sleeper.join("lobby");
    sender.next("peer_joined");
    probe.fill(sender, sleeper, 150);
    sender.next("peer_left");
    return std::string();
  };
  const auto ends = [](const char* line) {
    return [line](Probe& probe) {
      TestPeer deaf = probe.peer("deaf");
      probe.server().signal(SIGTERM);
      probe.server().wait_for_output(line);
      probe.expect_exit(0);
      return std::string();
    };
  };
  return {
      row("write_timeout", "1h", "100ms", sleeper_goes,
          "rate_limit_burst: 10000\nsend_buffer_size: 1000\nping_interval: 1h\nread_timeout: 2h\n"),
      row("read_timeout", "1h", "200ms",
          [](Probe& probe) {
            HttpClient kept_alive(probe.port());
            kept_alive.request("GET", "/health");
            kept_alive.stream().expect_end();
            return std::string();
          }),
      row("ping_interval", "1h", "100ms",
          [](Probe& probe) {
            TestPeer peer = probe.peer("pinged");
            EXPECT_EQ(peer.ws().read_frame().opcode, kPing);
            return std::string();
          }),
      row("pong_wait", "1h", "200ms",
          [](Probe& probe) {
            TestPeer silent = probe.connect();
            silent.ws().expect_close(1008, "registration timeout");
            return std::string();
          }),
      row("drain_delay", "0s", "300ms", ends("draining for 300 ms")),
      row("shutdown_timeout", "1h", "300ms", ends("shutting down")),
      row(
          "shutdown_spread", "0s", "1h",
          [](Probe& probe) {
            TestPeer first = probe.peer("first");
            TestPeer second = probe.peer("second");
            probe.server().signal(SIGTERM);
            first.ws().expect_close(1001);
            second.round_trip();  // it waits for its turn
            probe.server().signal(SIGTERM);
            probe.expect_exit(0);
            return std::string();
          },
          "loops: 1\nshutdown_timeout: 2h\n"),
      row("trusted_proxies", "[192.0.2.99]", "[127.0.0.1]", named("192.0.2.1"),
          "log_level: debug\ntrusted_proxy_header: x-real-ip\n"),
      row("trusted_proxy_header", "x-real-ip", "x-forwarded-for", named("192.0.2.2"),
          "log_level: debug\ntrusted_proxies: [127.0.0.1]\n"),
      row(
          "rate_limit_flood", "0", "3",
          [](Probe& probe) {
            TestPeer flooding = probe.peer("flooding");
            for (int i = 0; i < 10; ++i) flooding.send(message("ping"));
            flooding.ws().expect_close(4008);
            return std::string();
          },
          "rate_limit_burst: 1\nrate_limit_per_sec: 1\n"),
      row("presence_interval", "1h", "1ms",
          [](Probe& probe) {
            TestPeer watching = probe.peer("watching");
            watching.join("lobby", R"("watch":["meta"])");
            TestPeer changing = probe.peer("changing");
            changing.join("lobby");
            watching.next("peer_joined");
            for (int i = 0; i < 2; ++i) {
              changing.send("metadata", fmt(R"({"meta":{"i":%}})", i));
              watching.next("peer_updated");
            }
            return std::string();
          }),
      row("match_timeout", "1h", "100ms",
          [](Probe& probe) {
            TestPeer waiting = probe.peer("waiting");
            waiting.join("lobby");
            waiting.send("match", R"({"namespace":"lobby","group_size":2,"ticket":true})",
                         R"("id":1)");
            waiting.next("match");
            waiting.next("match_expired");
            return std::string();
          }),
      row("log_level", "information", "debug",
          [](Probe& probe) {
            TestPeer seen = probe.peer("seen");
            probe.server().wait_for_output("registered peer=" + seen.fingerprint());
            return std::string();
          }),
      row(
          "max_queued_bytes", "1048576", "1099511627776",
          [](Probe& probe) {
            TestPeer sender = probe.peer("sender");
            TestPeer sleeper = probe.connect(Dial{.receive_buffer = 4096});
            sleeper.register_as("sleeper");
            sender.join("lobby");
            sleeper.join("lobby");
            sender.next("peer_joined");
            for (int i = 0; i < 200; ++i) {
              sender.send("signal", "\"" + text_of(60'000) + "\"",
                          fmt(R"("to":"%","id":1)", sleeper.fingerprint()));
              EXPECT_EQ(sender.next()["payload"]["delivered"].number(), 1) << i;
            }
            return std::string();
          },
          "loops: 1\nrate_limit_burst: 10000\nsend_buffer_size: 1000\n"
          "send_buffer_bytes: 1073741824\n"),
  };
}

std::string config_of(const Row& row, const std::string& value) {
  return row.base + row.key + ": " + value + "\n";
}

void reload_to(Probe& probe, const Row& row) {
  probe.server().dir().write("peer-server.yaml", config_of(row, row.after));
  probe.server().signal(SIGHUP);
  probe.server().wait_for_output("SIGHUP: changed: " + row.key);
}

class ReloadedKeyTest : public Probe, public testing::WithParamInterface<Row> {};
class ReloadedEventTest : public Probe, public testing::WithParamInterface<Row> {};

std::string name_of(const testing::TestParamInfo<Row>& info) { return info.param.key; }

INSTANTIATE_TEST_SUITE_P(Keys, ReloadedKeyTest, testing::ValuesIn(rows_by_answer()), name_of);
INSTANTIATE_TEST_SUITE_P(Keys, ReloadedEventTest, testing::ValuesIn(rows_by_event()), name_of);

TEST_P(ReloadedKeyTest, TakesEffect) {
  const Row& row = GetParam();
  start_with({.config = config_of(row, row.before)});
  const std::string before = row.see(*this);
  reload_to(*this, row);
  const Deadline deadline;  // each loop takes it up when it gets to it
  while (row.see(*this) == before) ASSERT_FALSE(deadline.passed()) << "still: " << before;
}

TEST_P(ReloadedEventTest, TakesEffect) {
  const Row& row = GetParam();
  start_with({.config = config_of(row, row.before)});
  peer("early").round_trip();
  reload_to(*this, row);
  row.see(*this);
}

class ReloadedCertificateTest : public Probe, public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Keys, ReloadedCertificateTest, testing::Values("tls_cert", "tls_key"));

/// The two change together, as one makes no sense without the other.
TEST_P(ReloadedCertificateTest, TakesEffect) {
  const DevCertificate old;
  const DevCertificate renewed;
  const auto with = [](const DevCertificate& certificate) {
    return fmt("tls_cert: %\ntls_key: %\n", certificate.certificate(), certificate.key());
  };
  start_with({.config = with(old)});
  const auto serial = [&] {
    return TcpStream(Dial{.port = port(), .tls = true}).certificate_serial();
  };
  const std::string before = serial();
  server().dir().write("peer-server.yaml", with(renewed));
  server().signal(SIGHUP);
  server().wait_for_output("SIGHUP: changed: tls_cert, tls_key");
  const Deadline deadline;
  while (serial() == before) ASSERT_FALSE(deadline.passed()) << GetParam();
}

TEST(ReloadedKeysTest, EveryKeyThatAReloadCanChangeHasARow) {
  std::set<std::string> documented;
  std::ifstream page(PEER_SOURCE_DIR "/docs/configuration.md");
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `") || line.find("| reload |") == std::string::npos) continue;
    documented.insert(line.substr(3, line.find('`', 3) - 3));
  }
  // The last one needs a second node: tests/integration/cluster/parked_session_test.cc.
  std::set<std::string> tested{"tls_cert", "tls_key", "resume_parked_bytes"};
  for (const Row& row : rows_by_answer()) tested.insert(row.key);
  for (const Row& row : rows_by_event()) tested.insert(row.key);
  EXPECT_EQ(tested, documented);
}

}  // namespace
}  // namespace peer::test
