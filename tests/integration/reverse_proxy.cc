#include "tests/integration/reverse_proxy.h"

#include <stdexcept>

#include "tests/support/json.h"

namespace peer::test {

ReverseProxy::ReverseProxy(Kind kind, const std::string& config, std::uint16_t port) {
  program_.start(command_for(kind, config), port);
}

std::vector<std::string> ReverseProxy::command_for(Kind kind, const std::string& config) const {
  switch (kind) {
    case Kind::kNginx:
      return nginx_command(config);
    case Kind::kNginxStream:
      return nginx_stream_command(config);
    case Kind::kHaproxy:
      return {PEER_HAPROXY, "-db", "-f", program_.dir().write("haproxy.cfg", config)};
    case Kind::kCaddy: {
      // Without its port for administration, which is the same for every Caddy of the machine.
      const std::string file = program_.dir().write("Caddyfile", "{\n\tadmin off\n}\n" + config);
      const std::string home = program_.dir().path();
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
  const std::string dir = program_.dir().path();
  std::string http = "include " + program_.dir().write("site.conf", config) + "; access_log off;";
  for (const char* what : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    http += fmt(" %_temp_path %/%;", what, dir, what);
  }
  const std::string main =
      fmt("daemon off; master_process off; pid %/pid; events {} http { % }\n", dir, http);
  return {PEER_NGINX, "-p", dir, "-e", "stderr", "-c", program_.dir().write("nginx.conf", main)};
}

std::vector<std::string> ReverseProxy::nginx_stream_command(const std::string& config) const {
  const std::string main =
      fmt("load_module %/ngx_stream_module.so; daemon off; master_process off; pid %/pid; "
          "events {} %\n",
          PEER_NGINX_MODULES, program_.dir().path().string(), config);
  return {PEER_NGINX, "-e", "stderr", "-c", program_.dir().write("nginx.conf", main)};
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
