// Where a server listens: Unix sockets, sockets of a service manager, the path, other hosts.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/run_program.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class ListeningTest : public ServerTest {
 protected:
  std::string socket_path() const { return dir_.path() / "peer.sock"; }
  void start_unix(std::vector<std::string> settings = {}) {
    settings.push_back("unix_socket=" + socket_path());
    start(std::move(settings));
  }
  TestPeer connect_unix(std::string headers = {}) {
    return TestPeer(Dial{.unix_socket = socket_path(), .headers = std::move(headers)});
  }
  HttpReply get_unix(std::string_view path, std::string_view headers = {}) {
    return HttpClient(Dial{.unix_socket = socket_path()}).request("GET", path, headers);
  }
  /// Of a second server on the same socket.
  void expect_cannot_start(const std::string& because) {
    ServerProcess second({.settings = {"unix_socket=" + socket_path()}});
    EXPECT_NE(second.wait_exit(), std::optional(0));
    EXPECT_THAT(second.output(), HasSubstr(because));
  }
  unsigned mode_of_socket() const {
    struct stat status {};
    return ::stat(socket_path().c_str(), &status) == 0 ? status.st_mode & 0777U : 0;
  }

  TempDir dir_;
};

TEST_F(ListeningTest, AUnixSocketServesBesideThePort) {
  start_unix({"loops=2"});
  server().wait_for_output("listening on unix:" + socket_path());
  server().wait_for_output("listening on 127.0.0.1:");
  TestPeer alice = connect_unix();
  alice.register_as("alice", R"("alias":"alice")");
  alice.join("lobby");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  bob.send_to("alice", R"("hello")");
  EXPECT_EQ(alice.next("signal")["payload"].str(), "hello");
}

TEST_F(ListeningTest, AUnixSocketServesInsteadOfThePort) {
  start_unix({"unix_socket_only=true"});
  EXPECT_EQ(port(), 0);  // the port file says so
  EXPECT_THAT(server().output(), Not(HasSubstr("listening on 127.0.0.1")));
  EXPECT_EQ(get_unix("/health").status, 200);
  const ProgramResult result =
      run_program(fmt("% --health-check --set unix_socket=% --set unix_socket_only=true 2>&1",
                      PEER_SERVER_BINARY, socket_path()));
  EXPECT_EQ(result.exit_status, 0) << result.output;
}

TEST_F(ListeningTest, ItsFileHasTheModeAndTheGroup) {
  start_unix({"unix_socket_mode=0604", fmt("unix_socket_owner=:%", static_cast<int>(::getegid()))});
  EXPECT_EQ(mode_of_socket(), 0604U);
}

TEST_F(ListeningTest, ByDefaultItsFileIsForTheUserAndTheGroup) {
  start_unix();
  EXPECT_EQ(mode_of_socket(), 0660U);
}

TEST_F(ListeningTest, ItsPeersCountAsTheProxys) {
  start_unix({"max_connections_per_ip=1", "stats_access=loopback"});
  TestPeer first = connect_unix("X-Forwarded-For: 192.0.2.1\r\n");
  first.register_as("first");
  EXPECT_EQ(get_unix("/stats").status, 200);
  EXPECT_EQ(get_unix("/stats", "X-Forwarded-For: 127.0.0.1\r\n").status, 404);
  EXPECT_THROW(connect_unix("X-Forwarded-For: 192.0.2.1\r\n"), std::runtime_error);
  TestPeer second = connect_unix("X-Forwarded-For: 192.0.2.2\r\n");
  second.register_as("second");
  TestPeer third = connect_unix();
  TestPeer fourth = connect_unix();  // on this machine: exempt
  fourth.register_as("fourth");
}

TEST_F(ListeningTest, ItMayRequireProxyProtocolToo) {
  start_unix({"unix_socket_proxy_protocol=require"});
  TestPeer alice(Dial{.unix_socket = socket_path(),
                      .preface = "PROXY TCP4 192.0.2.1 198.51.100.1 40000 443\r\n"});
  alice.register_as("alice");
  TcpStream bare(Dial{.unix_socket = socket_path()});
  bare.write("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
  bare.expect_end();
  EXPECT_EQ(http_get(port(), "/health").status, 200);
}

TEST_F(ListeningTest, TheSocketOfARunningServerIsNotTakenFromIt) {
  start_unix();
  expect_cannot_start("another process listens on it");
  EXPECT_EQ(get_unix("/health").status, 200);
}

TEST_F(ListeningTest, TheSocketOfAKilledServerIsReplaced) {
  {
    ServerProcess killed({.settings = {"unix_socket=" + socket_path()}});
    killed.wait_until_listening();
    killed.signal(SIGKILL);
    killed.wait_exit();
  }
  ASSERT_TRUE(std::filesystem::is_socket(socket_path()));
  start_unix();
  EXPECT_EQ(get_unix("/health").status, 200);
}

TEST_F(ListeningTest, AFileThatIsNoSocketStays) {
  dir_.write("peer.sock", "precious");
  expect_cannot_start("it is there and no socket");
  EXPECT_EQ(read_file(socket_path()), "precious");
}

TEST_F(ListeningTest, ItsFileGoesWithTheServer) {
  start_unix();
  server().signal(SIGTERM);
  expect_exit(0);
  EXPECT_FALSE(std::filesystem::exists(socket_path()));
}

TEST_F(ListeningTest, TheFileOfAnotherServerStays) {
  start_unix();
  std::filesystem::remove(socket_path());
  ServerProcess second({.settings = {"unix_socket=" + socket_path()}});
  second.wait_until_listening();
  server().signal(SIGTERM);
  expect_exit(0);
  EXPECT_EQ(get_unix("/health").status, 200);
}

/// A listening socket of 127.0.0.1, as a service manager would hold it.
class HeldSocket {
 public:
  HeldSocket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd_, generic, size) != 0 || ::listen(fd_, 16) != 0 ||
        ::getsockname(fd_, generic, &size) != 0) {
      throw std::runtime_error("no socket to hold");
    }
    port_ = ntohs(address.sin_port);
  }
  ~HeldSocket() { ::close(fd_); }
  HeldSocket(const HeldSocket&) = delete;
  HeldSocket& operator=(const HeldSocket&) = delete;

  int fd() const { return fd_; }
  std::uint16_t port() const { return port_; }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

TEST_F(ListeningTest, SocketsOfAServiceManagerAreUsed) {
  const HeldSocket first;
  const HeldSocket second;
  start_with({.settings = {"loops=2", "unix_socket=" + socket_path()},
              .listen_fds = {first.fd(), second.fd()}});
  EXPECT_EQ(port(), first.port());
  EXPECT_EQ(http_get(second.port(), "/health").status, 200);
  peer("alice").round_trip();
  EXPECT_FALSE(std::filesystem::exists(socket_path()));
  server().wait_for_output("host, port and unix_socket are not");
  server().wait_for_output(fmt("listening on 127.0.0.1:% of the service manager", second.port()));
}

TEST_F(ListeningTest, AClientThatComesWhileTheServerIsAwayIsServedByTheNext) {
  const HeldSocket held;
  {
    ServerProcess first({.listen_fds = {held.fd()}});
    first.wait_until_listening();
    first.signal(SIGTERM);
    EXPECT_EQ(first.wait_exit(), std::optional(0));
  }
  HttpClient client(held.port());
  start_with({.listen_fds = {held.fd()}});
  EXPECT_EQ(client.request("GET", "/health").status, 200);
}

TEST_F(ListeningTest, WhatIsNoListeningSocketIsRefused) {
  const HeldSocket held;
  const int connected = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ServerProcess server({.listen_fds = {held.fd(), connected}});
  ::close(connected);
  EXPECT_NE(server.wait_exit(), std::optional(0));
  EXPECT_THAT(server.output(), HasSubstr("descriptor 4 is no listening stream socket"));
}

TEST_F(ListeningTest, SocketsOfAnotherProcessAreNotTaken) {
  ServerProcess server({.environment = {{"LISTEN_FDS", "1"}, {"LISTEN_PID", "1"}}});
  EXPECT_NE(server.wait_exit(), std::optional(0));
  EXPECT_THAT(server.output(), HasSubstr("LISTEN_PID names another process"));
}

/// The port behind `text` in the server's output.
TEST_F(ListeningTest, TheMetricsHaveAHostOfTheirOwn) {
  start({"metrics_enabled=true", "metrics_port=0", "metrics_host=127.0.0.2"});
  const std::uint16_t port = server().metrics_port("127.0.0.2");
  EXPECT_EQ(HttpClient(Dial{.port = port, .host = "127.0.0.2"}).request("GET", "/metrics").status,
            200);
  EXPECT_THROW(TcpStream(Dial{.port = port, .host = "127.0.0.1"}), std::runtime_error);
}

/// Gives this process a hosts file of its own, which takes a mount namespace.
void use_hosts(const TempDir& dir, const std::string& text) {
  const std::string file = dir.write("hosts", text);
  const bool own = unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
  if (!own || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount(file.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) != 0) {
    _exit(EXIT_FAILURE);
  }
}

TEST_F(ListeningTest, ANameIsListenedOnWithAllOfItsAddresses) {
  if (run_program("unshare -m true || unshare -rm true").exit_status != 0) {
    GTEST_SKIP() << "this machine allows no mount namespace, for a hosts file of the test's own";
  }
  start_with({.settings = {"host=twofold"}, .in_child = [](const TempDir& dir) {
                use_hosts(dir, "127.0.0.2 twofold\n::1 twofold\n");
              }});
  for (const char* host : {"127.0.0.2", "::1"}) {
    EXPECT_EQ(HttpClient(Dial{.port = port(), .host = host}).request("GET", "/health").status, 200)
        << host;
  }
  EXPECT_THROW(TcpStream(Dial{.port = port(), .host = "127.0.0.1"}), std::runtime_error);
}

TEST_F(ListeningTest, TheEndpointHasThePathOfTheConfiguration) {
  start_with({.config = "path: /games/peer/"});
  connect(Dial{.path = "/games/peer"}).register_as("alice");
  connect(Dial{.path = "/games/peer/"}).register_as("bob");
  EXPECT_EQ(http_get(port(), "/ws").status, 404);
  EXPECT_EQ(HttpClient(port()).request("POST", "/games/peer/").status, 405);
  server().dir().write("peer-server.yaml", "path: /other");
  server().signal(SIGHUP);
  server().wait_for_output("SIGHUP: changed: path");
  connect(Dial{.path = "/other/"}).register_as("carol");
  EXPECT_EQ(http_get(port(), "/games/peer").status, 404);
}

TEST_F(ListeningTest, ASlashBehindThePathIsForgiven) {
  connect(Dial{.path = "/ws/"}).register_as("alice");
  EXPECT_EQ(http_get(port(), "/ws//").status, 404);
}

TEST_F(ListeningTest, PagesMayReadHealthAndReadyButNotStats) {
  for (const char* path : {"/health", "/ready"}) {
    EXPECT_EQ(http_get(port(), path).headers["access-control-allow-origin"], "*");
  }
  EXPECT_FALSE(http_get(port(), "/stats").headers.contains("access-control-allow-origin"));
}

TEST_F(ListeningTest, OnlyPagesOfAllowedOriginsMayReadHealth) {
  start({"allowed_origins=https://game.example"});
  const auto allowed = [&](const char* origin) {
    HttpClient client(port());
    return client.request("GET", "/health", fmt("Origin: %\r\n", origin))
        .headers["access-control-allow-origin"];
  };
  EXPECT_EQ(allowed("https://game.example"), "https://game.example");
  EXPECT_EQ(allowed("https://other.example"), "");
  EXPECT_EQ(http_get(port(), "/health").headers["vary"], "Origin");
}

}  // namespace
}  // namespace peer::test
