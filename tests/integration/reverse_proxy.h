#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace peer::test {

/// Debian's nginx (with a site for its `http` block, or the `stream` block), HAProxy or Caddy as a
/// process of this user. Killed at the end.
class ReverseProxy {
 public:
  enum class Kind { kNginx, kNginxStream, kHaproxy, kCaddy };

  /// `config`: what an operator would write. Waits until the proxy accepts on `port`, which
  /// `config` names; throws with its output when it ends before.
  ReverseProxy(Kind kind, const std::string& config, std::uint16_t port);
  ~ReverseProxy();
  ReverseProxy(const ReverseProxy&) = delete;
  ReverseProxy& operator=(const ReverseProxy&) = delete;

  std::uint16_t port() const { return port_; }
  std::string output() const { return read_file(dir_.path() / "output"); }

 private:
  std::vector<std::string> command_for(Kind kind, const std::string& config) const;
  std::vector<std::string> nginx_command(const std::string& config) const;
  std::vector<std::string> nginx_stream_command(const std::string& config) const;
  void launch(const std::vector<std::string>& command);
  void wait_until_listening();

  TempDir dir_;
  std::uint16_t port_;
  pid_t pid_ = -1;
};

/// "Nginx", "NginxStream", "Haproxy" or "Caddy".
std::string name_of(ReverseProxy::Kind kind);

/// Replaces the one place where `text` has `old_text`; throws when there is none.
void replace_in(std::string& text, const std::string& old_text, const std::string& new_text);

}  // namespace peer::test
