#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace peer::test {

/// Debian's nginx or haproxy as a process of this user, with what config/cluster ships for it; only
/// the ports are others. Killed at the end.
class LoadBalancer {
 public:
  enum class Kind { kNginx, kHaproxy };

  /// Starts it before two nodes and waits until it accepts.
  LoadBalancer(Kind kind, std::uint16_t first_node, std::uint16_t second_node);
  ~LoadBalancer();
  LoadBalancer(const LoadBalancer&) = delete;
  LoadBalancer& operator=(const LoadBalancer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string output() const { return read_file(dir_.path() / "output"); }

 private:
  std::vector<std::string> nginx_command(const std::string& shipped) const;
  void launch(const std::vector<std::string>& command);
  void wait_until_listening();

  TempDir dir_;
  std::uint16_t port_;
  pid_t pid_ = -1;
};

}  // namespace peer::test
