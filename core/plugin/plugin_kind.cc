#include "core/plugin/plugin_kind.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <exception>
#include <string_view>
#include <system_error>

#include "core/config/keys.h"
#include "core/plugin/shared_object.h"

// Files that may be plugins. In: a path and what is expected there, on the main thread. Out: the
// descriptor, copied and checked, or the reason in words for the operator, with what to do. The
// checks come before any function of the plugin is called: one that was built for another server
// could crash in its first call.
namespace peer {
namespace {

using sdk::Error;
using sdk::Result;

constexpr const char* kRebuild = "rebuild it with this server's SDK";

/// The descriptor of revision 0, which every other one begins with.
constexpr std::size_t kSmallest = offsetof(PeerPluginDescriptor, revision);

/// A copy of as much as there is. Nothing behind `size` is read unless that is what it can be.
Result<PeerPluginDescriptor> copy_descriptor(const PeerPluginDescriptor& found) {
  if (found.size < kSmallest) {
    return Error{"its descriptor has " + std::to_string(found.size) + " bytes, expected " +
                 std::to_string(sizeof(PeerPluginDescriptor)) + "; " + kRebuild};
  }
  if (found.size > sizeof(PeerPluginDescriptor)) {
    return Error{"its descriptor has " + std::to_string(found.size) + " bytes, expected " +
                 std::to_string(sizeof(PeerPluginDescriptor)) +
                 ": a newer SDK than this server's; update the server"};
  }
  PeerPluginDescriptor descriptor{};
  std::memcpy(&descriptor, &found, found.size);
  bool is_whole = descriptor.create != nullptr || descriptor.create_hosted != nullptr;
  for (const char* text : {descriptor.kind, descriptor.abi, descriptor.name, descriptor.version}) {
    is_whole = is_whole && text != nullptr;
  }
  if (!is_whole) return Error{std::string("its descriptor is incomplete; ") + kRebuild};
  return descriptor;
}

}  // namespace

Result<void> check_descriptor(const PeerPluginDescriptor& found, const PluginKind& kind,
                              std::string_view name) {
  const std::string rebuild = std::string("; ") + kRebuild;
  if (found.revision > PEER_SDK_REVISION) {
    return Error{"built with revision " + std::to_string(found.revision) +
                 " of the SDK, this server has " + std::to_string(PEER_SDK_REVISION) +
                 "; update the server"};
  }
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
    return Error{std::string("it calls itself '") + found.name + "', expected '" +
                 std::string(name) + "'; correct the name, or the file"};
  }
  return {};
}

const PluginKind* find_plugin_kind(std::string_view name) {
  const auto* found = std::find_if(kPluginKinds.begin(), kPluginKinds.end(),
                                   [&](const PluginKind& kind) { return name == kind.name; });
  return found == kPluginKinds.end() ? nullptr : found;
}

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

Result<PeerPluginDescriptor> read_descriptor(const std::filesystem::path& path,
                                             unsigned seconds_to_load) {
  const Result<const PeerPluginDescriptor*> opened = open_shared_object(path, seconds_to_load);
  if (!opened) return opened.error();
  return copy_descriptor(**opened);
}

Result<PeerPluginDescriptor> open_plugin(const std::filesystem::path& path, const PluginKind& kind,
                                         const std::string& name) {
  Result<PeerPluginDescriptor> descriptor = read_descriptor(path);
  if (!descriptor) return descriptor;
  const Result<void> checked = check_descriptor(*descriptor, kind, name);
  if (!checked) return checked.error();
  return descriptor;
}

Result<void*> create_plugin(const PeerPluginDescriptor& descriptor, sdk::PluginConfig& config,
                            sdk::PluginHost& host) {
  std::string reason;
  try {
    void* object = descriptor.create_hosted != nullptr
                       ? descriptor.create_hosted(&config, &host, &reason)
                       : descriptor.create(&config, &reason);
    if (object != nullptr) return object;
  } catch (const std::exception& failure) {
    reason = failure.what();
  } catch (...) {
    reason = "its factory threw";
  }
  return Error{reason.empty() ? "its factory made nothing and gave no reason" : reason};
}

}  // namespace peer
