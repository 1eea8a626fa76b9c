#pragma once

namespace peer {

/// The process in front of a daemon: it stays until the daemon says how its start went, so that a
/// shell or an init script sees a server that listens, or its exit code.
class Foreground {
 public:
  /// With `background`, goes on in a child process; the process that was started waits, and exits
  /// with what report() says, or 1 if nobody says anything. Call it before there are threads.
  explicit Foreground(bool background);
  ~Foreground();
  Foreground(const Foreground&) = delete;
  Foreground& operator=(const Foreground&) = delete;

  /// The first call counts. From any process that has come of this one.
  void report(int exit_code);

 private:
  int fd_ = -1;
};

}  // namespace peer
