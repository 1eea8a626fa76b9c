#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>

#include "core/config/load_config.h"
#include "core/config/print_config.h"
#include "core/net/certificate_watch.h"
#include "core/plugin/list_plugins.h"
#include "core/process/application.h"
#include "core/process/health_check.h"
#include "core/process/prepare.h"
#include "core/process/process.h"

#ifndef PEER_SERVER_VERSION
#error "the build says which version this is"
#endif

namespace {

int check_config(peer::LoadedConfig& loaded) {
  const peer::Prepared prepared = peer::prepare(loaded);
  if (!loaded.mistakes.empty()) return peer::report_mistakes(loaded.mistakes);
  for (const std::string& line :
       peer::CertificateWatch().look(prepared.tls, peer::calendar_now())) {
    std::cerr << "warning: " << line << '\n';
  }
  std::cout << "configuration ok\n";
  return EXIT_SUCCESS;
}

int list_plugins(const peer::Config& config) {
  const auto directory = peer::plugin_directory(config);
  const auto text = directory ? peer::list_plugins(config.plugins, *directory) : directory;
  if (text) {
    std::cout << *text;
    return EXIT_SUCCESS;
  }
  std::cerr << "peer-server: " << text.error().message << '\n';
  return EXIT_FAILURE;
}

int check_health(const peer::LoadedConfig& loaded) {
  if (!loaded.mistakes.empty()) return peer::report_mistakes(loaded.mistakes);
  const peer::Config& config = loaded.config;
  peer::HealthTarget target;
  if (config.unix_socket_only) {
    target.unix_socket = config.unix_socket;
    target.proxy_protocol = config.unix_socket_proxy_protocol == peer::ProxyProtocol::kRequire;
  } else {
    target.host = config.host;
    target.port = config.port != 0 ? config.port : peer::read_port_file(config.port_file);
    target.tls = !config.tls_cert.empty();
    target.proxy_protocol = config.proxy_protocol == peer::ProxyProtocol::kRequire;
  }
  const auto healthy = peer::check_health(target);
  if (!healthy) std::cerr << "peer-server: " << healthy.error().message << '\n';
  return healthy ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run(int argc, char** argv) {
  const peer::CommandLine command_line = peer::parse_command_line(argc, argv);
  if (command_line.help) {
    std::cout << peer::help_text();
    return EXIT_SUCCESS;
  }
  if (command_line.version) {
    std::cout << "peer-server " PEER_SERVER_VERSION "\n";
    return EXIT_SUCCESS;
  }
  peer::LoadedConfig loaded = peer::load_config(command_line, peer::process_environment());
  for (const std::string& warning : loaded.warnings) std::cerr << "warning: " << warning << '\n';
  if (loaded.mistakes.empty() && (command_line.print_config || command_line.list_plugins)) {
    if (command_line.print_config) std::cout << peer::print_config(loaded);
    return command_line.list_plugins ? list_plugins(loaded.config) : EXIT_SUCCESS;
  }
  if (command_line.health_check) return check_health(loaded);
  if (command_line.check_config) return check_config(loaded);
  return peer::run_application(argv[0], command_line, std::move(loaded));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    peer::open_standard_descriptors();
    return run(argc, argv);
  } catch (const std::system_error& failure) {
    std::cerr << "peer-server: " << failure.what() << '\n';
    return peer::kExitSystem;
  } catch (const std::exception& failure) {
    std::cerr << "peer-server: " << failure.what() << '\n';
    return EXIT_FAILURE;
  }
}
