#pragma once

#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <peer/sdk/contract/test_host.h>
#include <peer/sdk/plugin.h>

namespace peer::sdk::contract {

using Options = std::map<std::string, PluginOption, std::less<>>;

/// A plugin as a server's configuration names it.
struct PluginCase {
  std::string file;  ///< the shared object's path; peer_add_plugin_test() defines PEER_PLUGIN_DIR
  Options options;   ///< with which it can be made
};
std::ostream& operator<<(std::ostream& out, const PluginCase& plugin);

/// The plugin's descriptor, checked as a server does. Throws std::runtime_error where a server
/// would refuse the file, and where it was built with another SDK than this test. The file stays
/// loaded.
[[nodiscard]] const PeerPluginDescriptor& load_descriptor(const std::string& file,
                                                          const char* kind);

/// The names in each map among the options, by its path: what TestHost::option_names() answers.
[[nodiscard]] std::map<std::string, std::vector<std::string>, std::less<>> names_in(
    const Options& options);

/// A plugin's object, and the host that it was made with. The object goes first. A test that ends
/// it as a server does calls TestHost::stop() before.
template <typename Interface>
struct Made {
  std::unique_ptr<TestHost> host = std::make_unique<TestHost>();
  PluginConfig config;  ///< what the factory asked for, and its mistakes
  std::string error;    ///< of the factory
  std::unique_ptr<Interface> object;

  Interface* operator->() const { return object.get(); }
  Interface& operator*() const { return *object; }
};

/// Makes the plugin's object; null where its factory returned an error.
template <typename Interface>
[[nodiscard]] Made<Interface> try_to_make(const PluginCase& plugin) {
  const PeerPluginDescriptor& descriptor = load_descriptor(plugin.file, Interface::kKind);
  Made<Interface> made;
  made.config = PluginConfig(plugin.options);
  made.host->set_option_names(names_in(plugin.options));
  void* object = descriptor.create_hosted(&made.config, made.host.get(), &made.error);
  made.object.reset(static_cast<Interface*>(object));
  return made;
}

/// Throws std::runtime_error with what is wrong, if something is: with the options, or the object.
void must_be_made(const PluginConfig& config, const std::string& error, bool is_made);
/// As try_to_make(), of options that must do: throws std::runtime_error where they do not.
template <typename Interface>
[[nodiscard]] Made<Interface> make(const PluginCase& plugin) {
  Made<Interface> made = try_to_make<Interface>(plugin);
  must_be_made(made.config, made.error, made.object != nullptr);
  return made;
}

/// What is demanded of plugins of every kind: descriptor, options, a factory that starts nothing,
/// an end that leaves nothing behind. For each plugin one line, beside that of its kind:
///
///   INSTANTIATE_TEST_SUITE_P(Mine, PluginContract, testing::Values(kMine));
class PluginContract : public ::testing::TestWithParam<PluginCase> {};

}  // namespace peer::sdk::contract
