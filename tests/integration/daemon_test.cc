// The process: background, pid file, service manager, log files.
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "tests/support/run_program.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A daemon that was started in a directory of its own, with relative paths; killed at the end.
class Daemon {
 public:
  explicit Daemon(const TempDir& dir) : dir_(dir) {}
  ~Daemon() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    if (pidfd_ >= 0) ::close(pidfd_);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  ProgramResult start(const std::string& arguments) {
    const ProgramResult result =
        run_program("cd '" + dir_.path().string() + "' && " PEER_SERVER_BINARY " --daemon " +
                    arguments + " 2>&1");
    const std::string pid = read_file(dir_.path() / "server.pid");
    if (!pid.empty()) {
      pid_ = std::stoi(pid);
      pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    }
    return result;
  }
  pid_t pid() const { return pid_; }
  std::uint16_t port() const {
    return static_cast<std::uint16_t>(std::stoi(read_file(dir_.path() / "port")));
  }
  [[nodiscard]] bool ends() const {
    pollfd fd{pidfd_, POLLIN, 0};
    return ::poll(&fd, 1, Deadline().milliseconds_left()) == 1;
  }

 private:
  const TempDir& dir_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
};

constexpr const char* kFiles =
    "--pidfile server.pid --port-file port --set port=0 --set host=127.0.0.1 "
    "--set log_file=server.log";

TEST(DaemonTest, TheProcessInFrontEndsWhenTheDaemonListens) {
  const TempDir dir;
  Daemon daemon(dir);
  const ProgramResult started = daemon.start(kFiles);
  EXPECT_EQ(started.exit_status, 0);
  EXPECT_EQ(started.output, "");
  EXPECT_EQ(http_get(daemon.port(), "/health").status, 200);
  EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(daemon.pid()) + "/cwd"), "/");
  ::kill(daemon.pid(), SIGTERM);
  EXPECT_TRUE(daemon.ends());
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "server.pid"));
  EXPECT_THAT(read_file(dir.path() / "server.log"), HasSubstr("stopped"));
}

TEST(DaemonTest, ReloadsAFileThatWasNamedRelativeToWhereItWasStarted) {
  const TempDir dir;
  dir.write("here.yaml", "port: 0\nhost: 127.0.0.1\nlog_file: server.log\nport_file: port\n");
  Daemon daemon(dir);
  ASSERT_EQ(daemon.start("-config here.yaml --pidfile server.pid").exit_status, 0);
  dir.write("here.yaml",
            "port: 0\nhost: 127.0.0.1\nlog_file: server.log\nport_file: port\nmax_peers: 77\n");
  ::kill(daemon.pid(), SIGHUP);
  const Deadline deadline;
  while (http_get(daemon.port(), "/health").body.find("\"max_peers\":77") == std::string::npos) {
    ASSERT_FALSE(deadline.passed()) << read_file(dir.path() / "server.log");
  }
}

TEST(DaemonTest, MistakesAreToldBeforeItDetaches) {
  const TempDir dir;
  Daemon daemon(dir);
  const ProgramResult refused =
      daemon.start(std::string(kFiles) + " --set plugins.auth.name=none --set log_file=");
  EXPECT_EQ(refused.exit_status, 78);
  EXPECT_THAT(refused.output, HasSubstr("no plugin named 'none'"));
  EXPECT_THAT(refused.output, HasSubstr("set log_file"));
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "server.pid"));
}

TEST(DaemonTest, AStartThatFailsInTheBackgroundFailsInFrontToo) {
  const TempDir dir;
  Daemon daemon(dir);
  ASSERT_EQ(daemon.start(kFiles).exit_status, 0);
  const TempDir other;
  Daemon second(other);
  const ProgramResult refused = second.start(
      "--set host=127.0.0.1 --set log_file=second.log --set port=" + std::to_string(daemon.port()));
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.output, HasSubstr("log_file says why"));
  EXPECT_THAT(read_file(other.path() / "second.log"), HasSubstr("Address already in use"));
}

TEST(DaemonTest, HealthCheckAsksTheServerOfTheSameSettings) {
  const TempDir dir;
  Daemon daemon(dir);
  ASSERT_EQ(daemon.start(kFiles).exit_status, 0);
  const std::string check =
      std::string(PEER_SERVER_BINARY) +
      " --health-check --set host=127.0.0.1 --set port=" + std::to_string(daemon.port()) + " 2>&1";
  EXPECT_EQ(run_program(check).exit_status, 0);
  ::kill(daemon.pid(), SIGTERM);
  ASSERT_TRUE(daemon.ends());
  const ProgramResult gone = run_program(check);
  EXPECT_EQ(gone.exit_status, 1);
  EXPECT_THAT(gone.output, HasSubstr("no server at 127.0.0.1:"));
}

/// The socket of a service manager. Abstract, as systemd's may be.
class NotifySocket {
 public:
  NotifySocket() : name_("peer-server-test-" + std::to_string(::getpid())) {
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name_.copy(address.sun_path + 1, name_.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), length) != 0) {
      throw std::runtime_error("cannot bind a notify socket");
    }
  }
  ~NotifySocket() { ::close(fd_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  std::string variable() const { return "@" + name_; }
  /// The next datagram; empty if none comes in time.
  std::string next(Deadline deadline = Deadline()) {
    pollfd fd{fd_, POLLIN, 0};
    if (::poll(&fd, 1, deadline.milliseconds_left()) != 1) return {};
    std::string text(4096, '\0');
    const ssize_t size = ::recv(fd_, text.data(), text.size(), 0);
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return text;
  }
  /// The next one that is not of the watchdog.
  std::string next_state() {
    std::string text = next();
    while (text == "WATCHDOG=1") text = next();
    return text;
  }

 private:
  std::string name_;
  int fd_;
};

class ServiceManagerTest : public ServerTest {
 protected:
  NotifySocket manager_;
};

TEST_F(ServiceManagerTest, IsToldOfReadyReloadingAndStopping) {
  start_with({.environment = {{"NOTIFY_SOCKET", manager_.variable()}}});
  EXPECT_EQ(manager_.next_state(), "READY=1");
  server().signal(SIGHUP);
  EXPECT_THAT(manager_.next_state(), ContainsRegex("^RELOADING=1\nMONOTONIC_USEC=[0-9]+$"));
  EXPECT_EQ(manager_.next_state(), "READY=1");
  server().signal(SIGTERM);
  EXPECT_EQ(manager_.next_state(), "STOPPING=1");
  expect_exit(0);
}

TEST_F(ServiceManagerTest, TheWatchdogHearsOfAServerWhoseLoopsAnswer) {
  start_with({.environment = {{"NOTIFY_SOCKET", manager_.variable()}, {"WATCHDOG_USEC", "60000"}}});
  EXPECT_EQ(manager_.next_state(), "READY=1");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(manager_.next(), "WATCHDOG=1");
}

TEST_F(ServiceManagerTest, TheWatchdogHearsNothingWhenItIsNotAsked) {
  start_with({.environment = {{"NOTIFY_SOCKET", manager_.variable()},
                              {"WATCHDOG_USEC", "60000"},
                              {"WATCHDOG_PID", "1"}}});
  EXPECT_EQ(manager_.next(), "READY=1");
  server().signal(SIGTERM);
  EXPECT_EQ(manager_.next(), "STOPPING=1");
  expect_exit(0);
}

class LogTest : public ServerTest {
 protected:
  std::string log_file() { return read_file(server().dir().path() / "server.log"); }
};

TEST_F(LogTest, GoesToAFileThatIsOpenedAnewOnUsr1) {
  start_with({.config = "log_file: server.log"});
  const std::filesystem::path file = server().dir().path() / "server.log";
  std::filesystem::rename(file, server().dir().path() / "server.log.1");
  server().signal(SIGUSR1);
  const Deadline deadline;
  while (log_file().find("the log is open anew") == std::string::npos) {
    ASSERT_FALSE(deadline.passed());
  }
  EXPECT_THAT(read_file(server().dir().path() / "server.log.1"), HasSubstr("listening on"));
  EXPECT_THAT(log_file(), Not(HasSubstr("listening on")));
  EXPECT_EQ(server().output(), "");
}

TEST_F(LogTest, AFileThatCannotBeOpenedStopsTheStart) {
  ServerProcess process({.settings = {"log_file=/none/server.log"}});
  EXPECT_EQ(process.wait_exit(), 1);
  EXPECT_THAT(process.output(), HasSubstr("log_file: cannot open '/none/server.log'"));
}

TEST_F(LogTest, JsonLinesTellWhoAndFromWhere) {
  start({"log_format=json", "log_level=debug"});
  TestPeer alice = peer("alice");
  alice.close();
  server().wait_for_output("\"closed\"");
  std::istringstream lines(server().output());
  std::string seen;
  for (std::string line; std::getline(lines, line);) {
    const Json json = Json::parse(line);
    EXPECT_THAT(json["time"].str(), ContainsRegex("^20..-..-..T..:..:..\\....Z$"));
    EXPECT_THAT(json.keys(), testing::IsSupersetOf({"time", "level", "source", "message"}));
    if (json["level"].str() != "debug") continue;
    seen += json["message"].str() + ' ';
    EXPECT_EQ(json["address"].str(), "127.0.0.1");
    const bool known = json["message"].str() != "connected";
    EXPECT_EQ(json["peer"].text(), known ? "\"" + alice.fingerprint() + "\"" : "(absent)");
  }
  EXPECT_EQ(seen, "connected registered closed ");
}

TEST_F(LogTest, AddressesCanBeLeftOut) {
  start({"log_level=debug", "log_addresses=false"});
  TestPeer alice = peer("alice");
  alice.close();
  server().wait_for_output("closed peer=" + alice.fingerprint());
  EXPECT_THAT(server().output(), Not(HasSubstr("address=")));
}

TEST_F(LogTest, NeverHoldsWhatClientsSay) {
  start({"log_level=trace", "rate_limit_flood=3", "rate_limit_burst=20"});
  TestPeer alice = connect(Dial{.path = "/ws?token=xyzzy-1"});
  alice.register_as("xyzzy-2", R"("alias":"xyzzy-3","meta":{"m":"xyzzy-4"})");
  alice.join("xyzzy-5", R"("meta":{"m":"xyzzy-6"})");
  alice.send_to(alice.fingerprint(), R"("xyzzy-7")");
  alice.next("signal");
  alice.send("xyzzy-8 is no message");
  alice.expect_error_like(400, ".");
  alice.ws().send_frame({.opcode = kPing, .payload = "xyzzy-9"});
  for (int i = 0; i < 40; ++i) alice.send("xyzzy-10", "{}");
  alice.ws().expect_close(4008);
  server().wait_for_output("closed");
  EXPECT_THAT(server().output(), Not(HasSubstr("xyzzy")));
}

}  // namespace
}  // namespace peer::test
