#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/deadline.h"
#include "tests/support/temp_dir.h"

namespace peer::test {

/// How to start a server. Port 0, host 127.0.0.1 and a port file are always added.
struct ServerOptions {
  std::vector<std::string> settings{};  ///< "key=value", each passed with --set
  std::string config{};                 ///< content of a file passed with -config; empty: none
  std::string config_name = "peer-server.yaml";
  std::vector<std::string> arguments{};              ///< as they are, before everything else
  std::map<std::string, std::string> environment{};  ///< beside PATH and the sanitizers' options
  /// Listening sockets, passed as a service manager does (LISTEN_FDS).
  std::vector<int> listen_fds{};
  /// Another build of peer-server; empty: this one's.
  std::string server{};
  /// Empty: peer-server. Another program gets `arguments` and --port 0 --port-file.
  std::string program{};
  /// Runs in the child right before the program: limits, user, descriptors. `dir`: dir() of the
  /// process.
  std::function<void(const TempDir& dir)> in_child{};
};

/// A running server of the build tree with an environment, a directory and a port of its own.
/// Killed at the end of its life. One thread.
class ServerProcess {
 public:
  /// Starts the program and does not wait for anything.
  explicit ServerProcess(const ServerOptions& options);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  /// Waits until the port file is there. Throws with the server's output when the server ends
  /// before, or after 20 s.
  void wait_until_listening();
  /// The port from the port file; 0 before wait_until_listening().
  std::uint16_t port() const { return port_; }

  pid_t pid() const { return pid_; }
  /// After SIGSTOP it returns when all threads of the process stand still.
  void signal(int number);
  /// The exit code (128 + n after signal n), or nothing when the process still runs in the end.
  std::optional<int> wait_exit(Deadline deadline = Deadline(10s));
  /// Standard output and standard error so far.
  std::string output() const { return read_file(dir_.path() / "output"); }
  /// Waits until that contains `text`; fails the test if it never does.
  void wait_for_output(std::string_view text, Deadline deadline = Deadline()) const;
  /// Waits until that says where the metrics of this host are. Throws if it never does.
  std::uint16_t metrics_port(std::string_view host = "127.0.0.1") const;
  /// Where its configuration file is; relative paths in it are relative to this.
  const TempDir& dir() const { return dir_; }
  /// Resident memory in bytes.
  std::size_t resident_bytes() const;
  /// How long its threads have run so far, together: the load of the machine is not in it.
  std::chrono::nanoseconds cpu_time() const;

 private:
  std::optional<std::uint16_t> read_port() const;

  TempDir dir_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::uint16_t port_ = 0;
  std::optional<int> exit_code_;
};

}  // namespace peer::test
