// What an operator's machine does to a process: a log that takes nothing, limits, files that are no
// files, users without rights.
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "tests/support/dev_certificate.h"
#include "tests/support/run_program.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

/// A pipe that is full: nobody reads it, and whoever writes to it waits for ever.
class FullPipe {
 public:
  FullPipe() {
    if (::pipe2(ends_.data(), O_NONBLOCK | O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    const std::string piece(4096, 'x');
    while (::write(ends_[1], piece.data(), piece.size()) > 0) continue;
    ::fcntl(ends_[1], F_SETFL, ::fcntl(ends_[1], F_GETFL) & ~O_NONBLOCK);
  }
  ~FullPipe() {
    for (const int end : ends_) ::close(end);
  }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;

  int write_end() const { return ends_[1]; }

 private:
  std::array<int, 2> ends_{};
};

/// A user of this test alone, so that limits of a user count nobody else.
uid_t lone_user() { return 20'000 + static_cast<uid_t>(::getpid()) % 40'000; }

/// In a child: no rights beyond those of any user.
void become_lone_user(const TempDir& dir) {
  if (::geteuid() != 0) return;
  ::chmod(dir.path().c_str(), 0777);
  const uid_t user = lone_user();
  if (::setresgid(user, user, user) != 0 || ::setresuid(user, user, user) != 0) ::_exit(126);
}

void limit(int resource, rlim_t value) {
  const rlimit limit{value, value};
  if (::setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) ::_exit(126);
}

class ProcessTest : public ServerTest {
 protected:
  void start_with_full_log(FullPipe& pipe, std::vector<std::string> settings) {
    settings.insert(settings.end(), {"log_level=trace", "rate_limit_burst=100000"});
    start_with({.settings = std::move(settings),
                .in_child = [&pipe](const TempDir&) { ::dup2(pipe.write_end(), STDERR_FILENO); }});
  }
};

// --- A log that takes nothing.

TEST_F(ProcessTest, ALogThatTakesNothingHoldsUpNeitherPeersNorTheEnd) {
  FullPipe pipe;
  start_with_full_log(pipe, {"shutdown_timeout=1s"});
  TestPeer alice = peer("alice");
  for (int i = 0; i < 50; ++i) peer("bob").close();
  alice.round_trip();
  server().signal(SIGTERM);
  alice.ws().expect_close(1001);
  expect_exit(0);
}

TEST_F(ProcessTest, ASecondSignalEndsAProcessWhoseLogTakesNothing) {
  FullPipe pipe;
  start_with_full_log(pipe, {"shutdown_timeout=1h"});
  TestPeer alice = peer("alice");
  server().signal(SIGTERM);
  alice.ws().expect_close(1001);  // the first one has been taken: equal signals are one
  server().signal(SIGTERM);
  expect_exit(0);
}

TEST_F(ProcessTest, AFullDiskCostsLinesThatAreCountedAndTold) {
  start_with(
      {.settings = {"log_file=server.log", "log_level=debug"}, .in_child = [](const TempDir& dir) {
         if (::chdir(dir.path().c_str()) != 0) ::_exit(126);
         const rlimit soft{2000, RLIM_INFINITY};  // of a file's size: SIGXFSZ, then EFBIG
         ::setrlimit(RLIMIT_FSIZE, &soft);
       }});
  for (int i = 0; i < 20; ++i) peer("alice").close();
  peer("bob").round_trip();
  const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(server().pid(), RLIMIT_FSIZE, &none, nullptr), 0);
  const auto log = [&] { return read_file(server().dir().path() / "server.log"); };
  const Deadline deadline;
  while (log().find("log lines were lost: ") == std::string::npos) {
    ASSERT_FALSE(deadline.passed()) << log();
    peer("carol").close();
  }
  EXPECT_THAT(log(), HasSubstr("(File too large)"));
}

// --- Threads.

class ThreadLimitTest : public testing::TestWithParam<int> {};

TEST_P(ThreadLimitTest, AStartWithoutEnoughThreadsEndsWithOneLine) {
  ServerProcess process({.settings = {"loops=2", "metrics_enabled=true", "metrics_port=0"},
                         .in_child = [](const TempDir& dir) {
                           limit(RLIMIT_NPROC, static_cast<rlim_t>(GetParam()));
                           become_lone_user(dir);
                         }});
  EXPECT_EQ(process.wait_exit(), std::optional(71)) << process.output();
  EXPECT_THAT(process.output(), HasSubstr("cannot start a thread for "));
}

// The main thread, and those for signals, the log, metrics and two loops.
INSTANTIATE_TEST_SUITE_P(Threads, ThreadLimitTest, testing::Range(1, 6));

TEST(ThreadsTest, WithExactlyEnoughThreadsItStarts) {
  if (::geteuid() != 0) GTEST_SKIP() << "other processes of this user would count";
  ServerProcess process({.settings = {"loops=2", "metrics_enabled=true", "metrics_port=0"},
                         .in_child = [](const TempDir& dir) {
                           limit(RLIMIT_NPROC, 6);
                           become_lone_user(dir);
                         }});
  process.wait_until_listening();
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait_exit(), std::optional(0)) << process.output();
}

TEST(ThreadsTest, ABrokerWithoutAThreadStopsTheStart) {
  ServerProcess process({.settings = {"broker_type=redis", "redis_addr=127.0.0.1:1"},
                         .in_child = [](const TempDir& dir) {
                           limit(RLIMIT_NPROC, 3);
                           become_lone_user(dir);
                         }});
  EXPECT_EQ(process.wait_exit(), std::optional(1)) << process.output();
  EXPECT_THAT(process.output(), HasSubstr("cannot start a thread: Resource temporarily"));
}

// --- Files that are no files.

class NoFileTest : public ServerTest {
 protected:
  static void make_pipe(const fs::path& path) {
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0) << path;
  }
  /// Starts a server with one file of this name that is a pipe; it must end with 78.
  static std::string refusal(const std::string& setting) {
    const TempDir dir;
    make_pipe(dir.path() / "pipe");
    ServerProcess process(
        {.settings = {fmt("%=%", setting, (dir.path() / "pipe").string()), "tls_key=/dev/null"}});
    EXPECT_EQ(process.wait_exit(), std::optional(78)) << process.output();
    return process.output();
  }
};

TEST_F(NoFileTest, APipeIsRefusedWhereAFileIsMeant) {
  EXPECT_THAT(refusal("log_file"), AllOf(HasSubstr("command line: log_file: '"),
                                         HasSubstr("is a pipe; expected a file")));
  EXPECT_THAT(refusal("tls_cert"), ContainsRegex("tls_cert: '.*/pipe' is a pipe; expected a file"));
  ServerProcess process({.settings = {"log_file=/tmp"}});
  EXPECT_EQ(process.wait_exit(), std::optional(78)) << process.output();
  EXPECT_THAT(process.output(), HasSubstr("log_file: '/tmp' is a directory; expected a file"));
}

TEST_F(NoFileTest, APortFileIsNeverPutInThePlaceOfADevice) {
  const TempDir dir;
  make_pipe(dir.path() / "port");
  const ProgramResult refused =
      run_program(std::string("timeout 10 " PEER_SERVER_BINARY
                              " --set port=0 --set host=127.0.0.1 --port-file ") +
                  (dir.path() / "port").string() + " 2>&1");
  EXPECT_EQ(refused.exit_status, 78);
  EXPECT_THAT(refused.output, HasSubstr("port_file: '"));
  EXPECT_TRUE(fs::is_fifo(dir.path() / "port"));
}

TEST_F(NoFileTest, APipeInThePlaceOfTheLogLeavesTheOldLogAndTheServer) {
  start_with({.config = "log_file: server.log"});
  const fs::path file = server().dir().path() / "server.log";
  fs::rename(file, server().dir().path() / "server.log.1");
  make_pipe(file);
  server().signal(SIGUSR1);
  const Deadline deadline;
  while (read_file(server().dir().path() / "server.log.1").find("SIGUSR1: the old file stays: ") ==
         std::string::npos) {
    ASSERT_FALSE(deadline.passed());
  }
  EXPECT_THAT(read_file(server().dir().path() / "server.log.1"), HasSubstr("is a pipe; expected"));
  server().signal(SIGTERM);
  expect_exit(0);
}

TEST_F(NoFileTest, APipeInThePlaceOfTheConfigurationOrASecretFailsTheReload) {
  const TempDir secrets;
  const std::string secret = secrets.write("secret", "abc");
  start_with({.config = "max_peers: 7\n", .environment = {{"REDIS_PASSWORD_FILE", secret}}});
  const fs::path config = server().dir().path() / "peer-server.yaml";
  for (const fs::path& file : {fs::path(secret), config}) {
    fs::remove(file);
    make_pipe(file);
    server().signal(SIGHUP);
    server().wait_for_output(file == config
                                 ? "peer-server.yaml: expected a file, got a pipe"
                                 : "REDIS_PASSWORD_FILE: the file that it names: expected "
                                   "a file, got a pipe");
  }
  server().signal(SIGTERM);
  expect_exit(0);
}

TEST_F(NoFileTest, APipeInThePlaceOfTheCertificateFailsTheReload) {
  const DevCertificate certificate;
  start(certificate.settings());
  fs::remove(certificate.certificate());
  make_pipe(certificate.certificate());
  server().signal(SIGHUP);
  server().wait_for_output("tls_cert: '" + certificate.certificate() +
                           "' is a pipe; expected a file");
  server().signal(SIGTERM);
  expect_exit(0);
}

TEST_F(NoFileTest, APipeWithAConfigurationIsReadAtTheStart) {
  const ProgramResult checked =
      run_program("bash -c '" PEER_SERVER_BINARY
                  " --check-config --config <(sleep 0.1; echo max_peers: 9)' 2>&1");
  EXPECT_EQ(checked.exit_status, 0) << checked.output;
}

// --- The pid file.

class PidFileTest : public ServerTest {
 protected:
  ServerOptions holding(const fs::path& file) {
    return {.arguments = {"--pidfile", file.string()}};
  }
};

TEST_F(PidFileTest, ASecondStartMeetsTheHolderAndLeavesItsFile) {
  const TempDir dir;
  const fs::path file = dir.path() / "server.pid";
  start_with(holding(file));
  const std::string id = std::to_string(server().pid());
  EXPECT_EQ(read_file(file), id + "\n");
  for (const char* daemon : {"", "--daemon --set log_file=/dev/null "}) {
    const ProgramResult second =
        run_program(PEER_SERVER_BINARY " --set port=0 " + std::string(daemon) + "--pidfile " +
                    file.string() + " 2>&1");
    EXPECT_EQ(second.exit_status, 1);
    EXPECT_THAT(second.output, HasSubstr("--pidfile: '" + file.string() + "' is held by process " +
                                         id + ", which runs"));
    EXPECT_EQ(read_file(file), id + "\n");
  }
  server().signal(SIGTERM);
  expect_exit(0);
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(PidFileTest, AStartThatFailsRemovesOnlyItsOwn) {
  const TempDir dir;
  const fs::path first = dir.path() / "first.pid";
  const fs::path second = dir.path() / "second.pid";
  start_with(holding(first));
  ServerProcess other(
      {.settings = {fmt("port=%", port())}, .arguments = {"--pidfile", second.string()}});
  EXPECT_EQ(other.wait_exit(), std::optional(1)) << other.output();
  EXPECT_FALSE(fs::exists(second));
  EXPECT_TRUE(fs::exists(first));
}

TEST_F(PidFileTest, AFileThatSomebodyElseHasPutThereStays) {
  const TempDir dir;
  const fs::path file = dir.path() / "server.pid";
  start_with(holding(file));
  fs::rename(file, dir.path() / "moved");
  dir.write("server.pid", "1\n");
  server().signal(SIGTERM);
  expect_exit(0);
  EXPECT_EQ(read_file(file), "1\n");
}

TEST_F(PidFileTest, TheFileOfAKilledServerIsTakenOver) {
  const TempDir dir;
  const fs::path file = dir.path() / "server.pid";
  start_with(holding(file));
  server().signal(SIGKILL);
  expect_exit(128 + SIGKILL);
  start_with(holding(file));
  EXPECT_EQ(read_file(file), std::to_string(server().pid()) + "\n");
}

TEST_F(PidFileTest, APipeIsRefused) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir.path() / "pipe").c_str(), 0600), 0);
  ServerProcess process(holding(dir.path() / "pipe"));
  EXPECT_EQ(process.wait_exit(), std::optional(1)) << process.output();
  EXPECT_THAT(process.output(), HasSubstr("is a pipe; expected a file"));
}

// --- Where and as what it was started.

TEST_F(ProcessTest, ClosedStandardDescriptorsAreNobodyElses) {
  start_with({.in_child = [](const TempDir&) {
    for (int fd = 0; fd <= 2; ++fd) ::close(fd);
  }});
  peer("alice").round_trip();
  for (int fd = 0; fd <= 2; ++fd) {
    EXPECT_EQ(fs::read_symlink(fmt("/proc/%/fd/%", server().pid(), fd)), "/dev/null");
  }
}

TEST(StartTest, ADaemonKeepsTheUmask) {
  const TempDir dir;
  const std::string in_dir = "cd '" + dir.path().string() + "' && ";
  const ProgramResult started = run_program(
      in_dir + "umask 077 && " PEER_SERVER_BINARY
               " --daemon --pidfile server.pid --port-file port --set port=0 --set host=127.0.0.1 "
               "--set log_file=server.log 2>&1");
  ASSERT_EQ(started.exit_status, 0) << started.output;
  for (const char* name : {"server.log", "port", "server.pid"}) {
    EXPECT_EQ(fs::status(dir.path() / name).permissions() & fs::perms::mask, fs::perms(0600))
        << name;
  }
  const pid_t pid = std::stoi(read_file(dir.path() / "server.pid"));
  EXPECT_THAT(read_file(fmt("/proc/%/status", pid)), HasSubstr("Umask:\t0077"));
  ::kill(pid, SIGKILL);
}

TEST(StartTest, AWorkingDirectoryThatIsGoneIsNamed) {
  const TempDir dir;
  const ProgramResult refused =
      run_program("mkdir '" + dir.path().string() + "/gone' && cd '" + dir.path().string() +
                  "/gone' && rmdir ../gone && exec " PEER_SERVER_BINARY " --set port=0 2>&1");
  EXPECT_EQ(refused.exit_status, 78);
  EXPECT_THAT(refused.output, HasSubstr("there is no working directory any more (No such file or "
                                        "directory); start in a directory that exists"));
}

TEST(StartTest, APluginDirectoryThatMayNotBeReadIsToldAsSuch) {
  const TempDir dir;
  const fs::path plugins = dir.path() / "plugins";
  fs::create_directory(plugins);
  fs::permissions(plugins, fs::perms::none);
  const auto as_other_user = [&](const TempDir& own) {
    ::chmod(dir.path().c_str(), 0755);
    become_lone_user(own);
  };
  ServerProcess process(
      {.settings = {"plugins.directory=" + plugins.string()}, .in_child = as_other_user});
  EXPECT_EQ(process.wait_exit(), std::optional(78)) << process.output();
  EXPECT_THAT(process.output(), AllOf(HasSubstr("cannot look at '" + plugins.string() +
                                                "/broker_local.so': Permission denied"),
                                      Not(HasSubstr("there are none of this kind"))));
  fs::permissions(plugins, fs::perms::owner_exec | fs::perms::others_exec);
  ServerProcess unlisted(
      {.settings = {"plugins.directory=" + plugins.string()}, .in_child = as_other_user});
  EXPECT_EQ(unlisted.wait_exit(), std::optional(78)) << unlisted.output();
  EXPECT_THAT(unlisted.output(),
              HasSubstr("no plugin named 'local'; the plugin directory '" + plugins.string() +
                        "' cannot be read: Permission denied"));
  fs::permissions(plugins, fs::perms::owner_all);
}

TEST_F(ProcessTest, TheStartNamesTheNodeAndWhoDecidesWhoIsLetIn) {
  start_with({.config = R"(
plugins:
  auth:
    - name: jwt
      as: staff
      options: {keys: [{algorithm: HS256, secret: "00000000000000000000000000000000"}]}
    - {name: open}
)"});
  server().wait_for_output("broker: local, auth: staff, open\n");
  EXPECT_THAT(server().output(),
              testing::ContainsRegex("started, version .*, node [0-9a-f]{16}, broker: local"));
}

TEST_F(ProcessTest, ThereAreAsManyLoopsAsCoresThatItMayUse) {
  start_with({.settings = {"loops=0", "metrics_enabled=true", "metrics_port=0"},
              .in_child = [](const TempDir&) {
                cpu_set_t cores;
                ::sched_getaffinity(0, sizeof cores, &cores);
                int first = 0;
                while (!CPU_ISSET(first, &cores)) ++first;
                CPU_ZERO(&cores);
                CPU_SET(first, &cores);
                ::sched_setaffinity(0, sizeof cores, &cores);
              }});
  server().wait_for_output("event loops: 1\n");
}

}  // namespace
}  // namespace peer::test
