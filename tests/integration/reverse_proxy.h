#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/listening_program.h"

namespace peer::test {

/// Debian's nginx (with a site for its `http` block, or the `stream` block), HAProxy or Caddy as a
/// process of this user. Killed at the end.
class ReverseProxy {
 public:
  enum class Kind { kNginx, kNginxStream, kHaproxy, kCaddy };

  /// `config`: what an operator would write. Waits until the proxy accepts on `port`, which
  /// `config` names; throws with its output when it ends before.
  ReverseProxy(Kind kind, const std::string& config, std::uint16_t port);

  std::uint16_t port() const { return program_.port(); }
  std::string output() const { return program_.output(); }

 private:
  std::vector<std::string> command_for(Kind kind, const std::string& config) const;
  std::vector<std::string> nginx_command(const std::string& config) const;
  std::vector<std::string> nginx_stream_command(const std::string& config) const;

  ListeningProgram program_;
};

/// "Nginx", "NginxStream", "Haproxy" or "Caddy".
std::string name_of(ReverseProxy::Kind kind);

/// Replaces the one place where `text` has `old_text`; throws when there is none.
void replace_in(std::string& text, const std::string& old_text, const std::string& new_text);

}  // namespace peer::test
