#include <cstdlib>
#include <exception>
#include <iostream>

#include "core/config/load_config.h"
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
  const peer::LoadedConfig loaded = peer::load_config(command_line, peer::process_environment());
  for (const std::string& warning : loaded.warnings) std::cerr << "warning: " << warning << '\n';
  if (!loaded.mistakes.empty()) return peer::report_mistakes(loaded.mistakes);
  if (command_line.check_config) {
    std::cout << "configuration ok\n";
    return EXIT_SUCCESS;
  }
  return peer::serve(loaded.config);
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
