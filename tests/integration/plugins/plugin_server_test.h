#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/server_test.h"

namespace peer::test {

/// The path of a plugin of tests/plugin/fixtures.
inline std::string test_plugin_file(std::string_view stem) {
  return fmt("%/%.so", PEER_TEST_PLUGIN_DIR, stem);
}

/// A line of the `plugins` section: `broker: {name: slow, file: ..., options: {delay_ms: 50}}`.
/// `stem`: of the file, "broker_slow"; what follows its first '_' is the name. `options`: YAML.
inline std::string test_plugin(std::string_view kind, std::string_view stem,
                               std::string_view options = {}) {
  return fmt("  %: {name: %, file: '%', options: {%}}\n", kind, stem.substr(stem.find('_') + 1),
             test_plugin_file(stem), options);
}

/// Tests with a server that runs a plugin of tests/plugin/fixtures.
class PluginServerTest : public ServerTest {
 protected:
  /// Starts the server with one plugin other than the shipped ones; see test_plugin().
  void start_plugin(std::string_view kind, std::string_view stem, std::string_view options = {},
                    std::vector<std::string> settings = {}) {
    start_with({.settings = std::move(settings),
                .config = "plugins:\n" + test_plugin(kind, stem, options)});
  }

  /// Ends the server, which must exit with 0, and returns all that it has logged.
  std::string log_at_the_end() {
    server().signal(SIGTERM);
    expect_exit(0);
    return server().output();
  }
};

/// A fingerprint that no peer of a test has: `first` (two hex digits) and zeros.
inline std::string fingerprint_starting(std::string_view first) {
  return std::string(first) + std::string(62, '0');
}

}  // namespace peer::test
