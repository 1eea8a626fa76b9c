#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace peer::test {

/// Somebody else's server as a process of this user, with a directory of its own. Killed at the
/// end.
class ListeningProgram {
 public:
  /// Runs `command` (its first word is a path) and waits until something listens on
  /// 127.0.0.1:`port`; throws with its output when it ends before.
  void start(const std::vector<std::string>& command, std::uint16_t port);
  ~ListeningProgram();
  ListeningProgram() = default;
  ListeningProgram(const ListeningProgram&) = delete;
  ListeningProgram& operator=(const ListeningProgram&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const TempDir& dir() const { return dir_; }
  /// What it has written so far.
  [[nodiscard]] std::string output() const { return read_file(dir_.path() / "output"); }

 private:
  void launch(const std::vector<std::string>& command);
  void wait_until_listening();

  TempDir dir_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace peer::test
