#include "tests/integration/cluster/load_balancer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "tests/integration/cluster/free_port.h"
#include "tests/support/json.h"
#include "tests/support/tcp_stream.h"

namespace peer::test {
namespace {

/// A file of config/cluster with other ports.
std::string shipped(const std::string& name, std::uint16_t port, std::uint16_t first_node,
                    std::uint16_t second_node) {
  std::string text = read_file(PEER_SOURCE_DIR "/config/cluster/" + name);
  const auto set_port = [&](int shipped_port, std::uint16_t new_port) {
    const std::string address = fmt("127.0.0.1:%", shipped_port);
    const auto found = text.find(address);
    if (found == std::string::npos) throw std::runtime_error(name + " has no " + address);
    text.replace(found, address.size(), "127.0.0.1:" + std::to_string(new_port));
  };
  set_port(8080, port);
  set_port(8081, first_node);
  set_port(8082, second_node);
  return text;
}

}  // namespace

LoadBalancer::LoadBalancer(Kind kind, std::uint16_t first_node, std::uint16_t second_node)
    : port_(free_port()) {
  if (kind == Kind::kNginx) {
    launch(nginx_command(shipped("nginx.conf", port_, first_node, second_node)));
  } else {
    launch({PEER_HAPROXY, "-db", "-f",
            dir_.write("haproxy.cfg", shipped("haproxy.cfg", port_, first_node, second_node))});
  }
  wait_until_listening();
}

// What /etc/nginx/nginx.conf is on a machine, but with all files in the test's directory.
std::vector<std::string> LoadBalancer::nginx_command(const std::string& shipped) const {
  const std::string dir = dir_.path();
  std::string http = "include " + dir_.write("site.conf", shipped) + "; access_log off;";
  for (const char* what : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    http += fmt(" %_temp_path %/%;", what, dir, what);
  }
  const std::string main =
      fmt("daemon off; master_process off; pid %/pid; events {} http { % }\n", dir, http);
  return {PEER_NGINX, "-p", dir, "-e", "stderr", "-c", dir_.write("nginx.conf", main)};
}

void LoadBalancer::launch(const std::vector<std::string>& command) {
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

void LoadBalancer::wait_until_listening() {
  const Deadline deadline(20s);
  while (true) {
    try {
      const TcpStream probe(port_);
      return;
    } catch (const std::runtime_error&) {
      if (deadline.passed() || waitpid(pid_, nullptr, WNOHANG) != 0) {
        throw std::runtime_error("load balancer: " + output());
      }
      poll(nullptr, 0, 5);
    }
  }
}

LoadBalancer::~LoadBalancer() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

}  // namespace peer::test
