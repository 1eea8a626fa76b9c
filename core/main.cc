#include <cstdlib>
#include <exception>
#include <iostream>
#include <utility>

#include "core/config/load_config.h"
#include "core/config/print_config.h"
#include "core/plugin/list_plugins.h"
#include "core/prepare.h"
#include "core/process.h"
#include "core/serve.h"

#ifndef PEER_SERVER_VERSION
#error "the build says which version this is"
#endif

namespace {

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
    if (command_line.list_plugins) {
      std::cout << peer::list_plugins(loaded.config.plugins, peer::plugin_directory(loaded.config));
    }
    return EXIT_SUCCESS;
  }
  peer::Prepared prepared = peer::prepare(loaded);
  if (!loaded.mistakes.empty()) return peer::report_mistakes(loaded.mistakes);
  if (command_line.check_config) {
    std::cout << "configuration ok\n";
    return EXIT_SUCCESS;
  }
  return peer::serve(loaded.config, std::move(prepared));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& failure) {
    std::cerr << "peer-server: " << failure.what() << '\n';
    return EXIT_FAILURE;
  }
}
