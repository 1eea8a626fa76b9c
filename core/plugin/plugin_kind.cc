#include "core/plugin/plugin_kind.h"

#include <algorithm>
#include <exception>
#include <string_view>
#include <system_error>

#include "core/config/keys.h"
#include "core/plugin/shared_object.h"

namespace peer {
namespace {

using sdk::Error;
using sdk::Result;

/// Refuses a descriptor that this server cannot use. Nothing after `size` is read unless that is
/// what it should be, and no function of the plugin is called.
Result<void> check_descriptor(const PeerPluginDescriptor& found, const PluginKind& kind,
                              const std::string& name) {
  const std::string rebuild = "; rebuild it with this server's SDK";
  if (found.size != sizeof(PeerPluginDescriptor)) {
    return Error{"its descriptor has " + std::to_string(found.size) + " bytes, expected " +
                 std::to_string(sizeof(PeerPluginDescriptor)) + rebuild};
  }
  for (const char* text : {found.kind, found.abi, found.name, found.version}) {
    if (text == nullptr) return Error{"its descriptor is incomplete" + rebuild};
  }
  if (found.create == nullptr) return Error{"its descriptor is incomplete" + rebuild};
  if (std::string_view(found.kind) != kind.name) {
    return Error{std::string("a plugin of kind '") + found.kind + "', expected '" + kind.name +
                 "'"};
  }
  if (found.api_version != kind.api_version) {
    return Error{std::string(kind.interface) + " API " + std::to_string(found.api_version) +
                 ", this server has " + std::to_string(kind.api_version) + rebuild};
  }
  if (std::string_view(found.abi) != PEER_SDK_ABI_TAG) {
    return Error{std::string("built for ABI '") + found.abi + "', this server is '" +
                 PEER_SDK_ABI_TAG + "'" + rebuild};
  }
  if (found.name != name) {
    return Error{std::string("it calls itself '") + found.name + "', expected '" + name +
                 "'; correct the name, or the file"};
  }
  return {};
}

}  // namespace

std::string plugin_file_name(const PluginKind& kind, const std::string& name) {
  return std::string(kind.prefix) + "_" + name + ".so";
}

Result<std::vector<std::string>> plugin_names(const std::filesystem::path& directory,
                                              const PluginKind& kind) {
  const std::string prefix = std::string(kind.prefix) + "_";
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::filesystem::path file = entry->path().filename();
    if (file.extension() != ".so" || !file.stem().string().starts_with(prefix)) continue;
    const std::string name = file.stem().string().substr(prefix.size());
    if (is_plugin_name(name)) names.push_back(name);
  }
  if (error) {
    return Error{"the plugin directory '" + directory.string() +
                 "' cannot be read: " + error.message()};
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<const PeerPluginDescriptor*> open_plugin(const std::filesystem::path& path,
                                                const PluginKind& kind, const std::string& name) {
  const Result<const PeerPluginDescriptor*> opened = open_shared_object(path);
  if (!opened) return opened;
  const Result<void> checked = check_descriptor(**opened, kind, name);
  if (!checked) return checked.error();
  return opened;
}

Result<void*> create_plugin(const PeerPluginDescriptor& descriptor, sdk::PluginConfig& config) {
  std::string reason;
  try {
    if (void* object = descriptor.create(&config, &reason); object != nullptr) return object;
  } catch (const std::exception& failure) {
    reason = failure.what();
  } catch (...) {
    reason = "its factory threw";
  }
  return Error{reason.empty() ? "its factory made nothing and gave no reason" : reason};
}

}  // namespace peer
