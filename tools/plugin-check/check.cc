#include "tools/plugin-check/check.h"

#include <algorithm>
#include <string_view>

#include <peer/sdk/contract/default_option.h>

#include "core/plugin/core_host.h"
#include "core/plugin/plugin_kind.h"
#include "core/protocol/protocol_types.h"
#include "tools/plugin-check/symbols.h"

// In: the file of a plugin. Out: Findings: lines that say what it is, and mistakes with what to do
// about each. The steps are those of the server's loader, from what cannot run any code of the
// plugin to what does; what runs its code is tried in a process of its own first. Main thread.
namespace peer::plugin_check {
namespace {

namespace fs = std::filesystem;
using sdk::Error;
using sdk::PluginConfig;
using sdk::Result;

constexpr const char* kSymbol = "peer_plugin_descriptor";

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text.empty() ? "none" : text;
}

std::string line(std::string name, const std::string& value) {
  name.resize(12, ' ');
  return "  " + name + value + '\n';
}

/// A plugin that is made and gone again; before that it is looked at by `look`.
struct Made {
  PluginConfig config;
  std::string error;  ///< of the factory
};
template <typename Look>
Made make(const PeerPluginDescriptor& descriptor, const PluginKind& kind, PluginConfig config,
          Look look) {
  Made made{std::move(config), {}};
  PluginCalls calls(kind.name, descriptor.name);
  CoreHost host(calls);
  const Result<void*> object = create_plugin(descriptor, made.config, host);
  if (object) {
    look(*object);
    kind.destroy(*object);
  } else {
    made.error = object.error().message;
  }
  return made;
}

void look_at_symbols(const fs::path& file, Findings& findings) {
  const Result<Symbols> symbols = read_symbols(file);
  if (!symbols) {
    findings.warnings.push_back(symbols.error().message + "; what it shows of itself is not known");
    return;
  }
  findings.report += line("needs", join(symbols->needed));
  std::vector<std::string> others = symbols->exported;
  std::erase(others, kSymbol);
  findings.report += line(
      "exports", kSymbol + (others.empty() ? std::string()
                                           : " and " + std::to_string(others.size()) + " more"));
  if (others.empty()) return;
  const std::size_t all = others.size();
  if (all > 5) others.resize(5);
  findings.warnings.push_back(
      "it shows " + std::to_string(all) + " names beside " + kSymbol + " (" + join(others) +
      (all > 5 ? ", ..." : "") +
      "), which may meet those of other plugins; build it with peer_add_plugin(), or with "
      "-fvisibility=hidden -fvisibility-inlines-hidden, and static libraries with "
      "-Wl,--exclude-libs,ALL");
}

/// An option whose default is refused cannot be written as it is shown.
void try_defaults(const PeerPluginDescriptor& descriptor, const PluginKind& kind,
                  const Made& without, Findings& findings) {
  for (const PluginConfig::Known& option : without.config.known()) {
    const auto value = sdk::contract::default_option(option);
    if (!value) continue;
    const Made written = make(descriptor, kind, PluginConfig({{option.key, *value}}), [](void*) {});
    // What it refuses for another reason may be right together with other options.
    const std::string mistake = option.key + ": expected " + option.expected;
    const auto mistakes = written.config.mistakes();
    if (std::find(mistakes.begin(), mistakes.end(), mistake) == mistakes.end()) continue;
    findings.warnings.push_back("option " + mistake + ", and its default is " +
                                option.default_value + "; give it a default that it takes");
  }
}

void look_at_options(const PeerPluginDescriptor& descriptor, const PluginKind& kind,
                     unsigned seconds, Findings& findings) {
  std::vector<std::string> types;
  const auto look = [&](void* object) {
    if (kind.name != std::string_view(sdk::RoomPolicy::kKind)) return;
    types = static_cast<sdk::RoomPolicy*>(object)->message_types();
  };
  const Result<void> tried = try_in_child("its factory, or its destructor, ends", seconds, [&] {
    const Made made = make(descriptor, kind, PluginConfig(), look);
    Findings ignored;
    try_defaults(descriptor, kind, made, ignored);
  });
  if (!tried) return findings.errors.push_back(tried.error().message);
  const Made made = make(descriptor, kind, PluginConfig(), look);
  const bool lacks_some = !made.config.mistakes().empty();
  findings.report += made.config.known().empty() ? line("options", "none") : "  options\n";
  for (const PluginConfig::Known& option : made.config.known()) {
    const std::string& value = option.default_value;
    findings.report += "    " + option.key + ": " + option.expected + ", default " +
                       (value.empty() ? "\"\"" : value) + '\n';
  }
  if (!made.error.empty() && !lacks_some) {
    findings.warnings.push_back(
        "its factory makes nothing without options, and says '" + made.error +
        "'; read what must be there with required_string() and the like, so that it is listed");
  }
  if (kind.name == std::string_view(sdk::RoomPolicy::kKind))
    findings.report += line("messages", join(types));
  for (const std::string& type : types) {
    if (!type.empty() && !is_protocol_type(type)) continue;
    findings.errors.push_back("it wants to answer '" + type +
                              "', which is empty, or a message type of the protocol; rename it "
                              "in message_types()");
  }
  try_defaults(descriptor, kind, made, findings);
}

std::string known_kinds() {
  std::vector<std::string> names;
  names.reserve(kPluginKinds.size());
  for (const PluginKind& kind : kPluginKinds) names.emplace_back(kind.name);
  return join(names);
}

}  // namespace

Findings check(const fs::path& file, unsigned seconds) {
  Findings findings;
  std::error_code error;
  const fs::path path = fs::absolute(file, error).lexically_normal();
  const Result<PeerPluginDescriptor> descriptor = read_descriptor(path, seconds);
  if (!descriptor) {
    findings.errors.push_back(descriptor.error().message);
    return findings;
  }
  findings.report += line("plugin", std::string(descriptor->kind) + " '" + descriptor->name + "' " +
                                        descriptor->version);
  const PluginKind* kind = find_plugin_kind(descriptor->kind);
  findings.report +=
      line("interface", (kind == nullptr ? std::string("unknown") : kind->interface) + " API " +
                            std::to_string(descriptor->api_version) + ", this server has " +
                            (kind == nullptr ? "none" : std::to_string(kind->api_version)));
  findings.report += line("SDK", "revision " + std::to_string(descriptor->revision) +
                                     ", this server has " + std::to_string(PEER_SDK_REVISION));
  findings.report += line("ABI", descriptor->abi);
  look_at_symbols(path, findings);
  if (kind == nullptr) {
    findings.errors.push_back(std::string("a plugin of kind '") + descriptor->kind +
                              "'; known: " + known_kinds());
    return findings;
  }
  if (const auto checked = check_descriptor(*descriptor, *kind, descriptor->name); !checked) {
    findings.errors.push_back(checked.error().message);
    return findings;
  }
  if (const std::string usual = plugin_file_name(*kind, descriptor->name);
      path.filename() != usual) {
    findings.warnings.push_back("a server looks for it in a file " + usual +
                                "; rename it, or name it in `file`");
  }
  look_at_options(*descriptor, *kind, seconds, findings);
  return findings;
}

}  // namespace peer::plugin_check
