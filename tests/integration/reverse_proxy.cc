#include "tests/integration/reverse_proxy.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "tests/support/json.h"
#include "tests/support/tcp_stream.h"

namespace peer::test {

ReverseProxy::ReverseProxy(Kind kind, const std::string& config, std::uint16_t port) : port_(port) {
  launch(command_for(kind, config));
  wait_until_listening();
}

std::vector<std::string> ReverseProxy::command_for(Kind kind, const std::string& config) const {
  switch (kind) {
    case Kind::kNginx:
      return nginx_command(config);
    case Kind::kNginxStream:
      return nginx_stream_command(config);
    case Kind::kHaproxy:
      return {PEER_HAPROXY, "-db", "-f", dir_.write("haproxy.cfg", config)};
    case Kind::kCaddy: {
      // Without its port for administration, which is the same for every Caddy of the machine.
      const std::string file = dir_.write("Caddyfile", "{\n\tadmin off\n}\n" + config);
      const std::string home = dir_.path();
      return {"/usr/bin/env",
              "XDG_CONFIG_HOME=" + home,
              "XDG_DATA_HOME=" + home,
              PEER_CADDY,
              "run",
              "--adapter",
              "caddyfile",
              "--config",
              file};
    }
  }
  return {};
}

// What /etc/nginx/nginx.conf is on a machine, but with all files in the test's directory.
std::vector<std::string> ReverseProxy::nginx_command(const std::string& config) const {
  const std::string dir = dir_.path();
  std::string http = "include " + dir_.write("site.conf", config) + "; access_log off;";
  for (const char* what : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    http += fmt(" %_temp_path %/%;", what, dir, what);
  }
  const std::string main =
      fmt("daemon off; master_process off; pid %/pid; events {} http { % }\n", dir, http);
  return {PEER_NGINX, "-p", dir, "-e", "stderr", "-c", dir_.write("nginx.conf", main)};
}

std::vector<std::string> ReverseProxy::nginx_stream_command(const std::string& config) const {
  const std::string main =
      fmt("load_module %/ngx_stream_module.so; daemon off; master_process off; pid %/pid; "
          "events {} %\n",
          PEER_NGINX_MODULES, dir_.path().string(), config);
  return {PEER_NGINX, "-e", "stderr", "-c", dir_.write("nginx.conf", main)};
}

void ReverseProxy::launch(const std::vector<std::string>& command) {
  const std::string output = dir_.path() / "output";
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(file, STDOUT_FILENO);
  dup2(file, STDERR_FILENO);
  execv(arguments[0], arguments.data());
  _exit(127);
}

void ReverseProxy::wait_until_listening() {
  const Deadline deadline(20s);
  while (true) {
    try {
      const TcpStream probe(port_);
      return;
    } catch (const std::runtime_error&) {
      if (deadline.passed() || waitpid(pid_, nullptr, WNOHANG) != 0) {
        throw std::runtime_error("reverse proxy: " + output());
      }
      poll(nullptr, 0, 5);
    }
  }
}

ReverseProxy::~ReverseProxy() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::string name_of(ReverseProxy::Kind kind) {
  switch (kind) {
    case ReverseProxy::Kind::kNginx:
      return "Nginx";
    case ReverseProxy::Kind::kNginxStream:
      return "NginxStream";
    case ReverseProxy::Kind::kHaproxy:
      return "Haproxy";
    case ReverseProxy::Kind::kCaddy:
      return "Caddy";
  }
  return {};
}

void replace_in(std::string& text, const std::string& old_text, const std::string& new_text) {
  const auto found = text.find(old_text);
  if (found == std::string::npos) throw std::runtime_error("'" + old_text + "' is not in: " + text);
  text.replace(found, old_text.size(), new_text);
}

}  // namespace peer::test
