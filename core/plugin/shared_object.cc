#include "core/plugin/shared_object.h"

#include <dlfcn.h>

#include <boost/dll/shared_library.hpp>

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/plugin/child_trial.h"
#include "core/plugin/elf_check.h"

// Shared objects of plugins, on the main thread before anything listens. In: the path of a file
// that anybody may have put there. Out: the plugin's descriptor, whose fields nobody has checked
// yet, or why the file is refused. Loading a file already runs its code (static constructors), so
// the order counts: permissions first, then the ELF headers, then a trial in a child process, and
// only then the load in this one. A file that was loaded stays for ever.
namespace peer {
namespace {

namespace fs = std::filesystem;
using sdk::Error;
using sdk::Result;

constexpr const char* kSymbol = "peer_plugin_descriptor";

bool world_writable(const fs::path& path) {
  std::error_code error;
  const fs::perms permissions = fs::status(path, error).permissions();
  return !error && (permissions & fs::perms::others_write) != fs::perms::none;
}

Result<void> check_permissions(const fs::path& path, const fs::path& canonical) {
  if (world_writable(canonical)) {
    return Error{"any user can write to it; remove that permission (chmod o-w)"};
  }
  for (const fs::path& directory : {path.parent_path(), canonical.parent_path()}) {
    if (!world_writable(directory)) continue;
    return Error{"any user can write to its directory '" + directory.string() +
                 "'; remove that permission (chmod o-w)"};
  }
  return {};
}

/// Boost's text is "<function> failed (dlerror system message: <path>: <reason>): Bad file
/// descriptor": the reason is what an operator needs.
std::string loader_reason(std::string_view text, const fs::path& path) {
  const std::string before = "dlerror system message: ";
  const std::size_t start = text.find(before);
  const std::size_t end = text.rfind(')');
  if (start == text.npos || end == text.npos) return std::string(text);
  text = text.substr(start + before.size(), end - start - before.size());
  const std::string prefix = path.string() + ": ";
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  return std::string(text);
}

/// dlopen() is declared as one that never throws: where the compiler sees that it is the one that
/// is called, it may leave out what ends the process.
void load(const char* path) {
  void* (*const volatile open)(const char*, int) = ::dlopen;
  open(path, RTLD_NOW | RTLD_LOCAL);
}

void keep_for_ever(boost::dll::shared_library library) {
  static auto& libraries = *new std::vector<boost::dll::shared_library>;  // never destroyed
  libraries.push_back(std::move(library));
}

Result<const PeerPluginDescriptor*> find_descriptor(const fs::path& path) {
  namespace load_mode = boost::dll::load_mode;
  boost::dll::shared_library library(path, load_mode::rtld_now | load_mode::rtld_local);
  const PeerPluginDescriptor* descriptor = nullptr;
  if (library.has(kSymbol)) descriptor = &library.get<const PeerPluginDescriptor>(kSymbol);
  keep_for_ever(std::move(library));
  if (descriptor != nullptr) return descriptor;
  return Error{std::string("exports no ") + kSymbol +
               "; end its main source file with PEER_PLUGIN(...)"};
}

}  // namespace

Result<const PeerPluginDescriptor*> open_shared_object(const fs::path& path,
                                                       unsigned seconds_to_load) {
  std::error_code error;
  // Links are followed once, here: what is checked below is what is loaded.
  const fs::path canonical = fs::canonical(path, error);
  if (error) return Error{error.message()};
  if (!fs::is_regular_file(canonical, error)) return Error{"not a regular file"};
  if (Result<void> checked = check_permissions(path, canonical); !checked) return checked.error();
  if (Result<void> checked = check_elf_file(canonical); !checked) return checked.error();
  // Static constructors run within dlopen(), out of which no exception finds its way: one that
  // throws, or crashes, would end the server, and `--list-plugins` before its next line, without a
  // word of the file. What else is wrong is seen below.
  const Result<void> tried = try_in_child("its static constructors end", seconds_to_load,
                                          [&] { load(canonical.c_str()); });
  if (!tried) return tried.error();
  try {
    return find_descriptor(canonical);
  } catch (const std::exception& failure) {
    return Error{
        loader_reason(failure.what(), canonical) +
        "; install what it needs, or link it with -Wl,--no-undefined to see what is missing"};
  }
}

}  // namespace peer
