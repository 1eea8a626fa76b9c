#include "core/plugin/shared_object.h"

#include <dlfcn.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/dll/shared_library.hpp>

#include <cerrno>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/plugin/elf_check.h"

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

/// An exception that does find its way out of dlopen(), under a sanitizer, ends the process too.
/// dlopen() is declared as one that never throws: where the compiler sees that it is the one that
/// is called, it may leave out what ends the process.
void load_or_die(const char* path) noexcept {
  void* (*const volatile load)(const char*, int) = ::dlopen;
  load(path, RTLD_NOW | RTLD_LOCAL);
}

/// Loads the file in a child first. Its static constructors run within dlopen(), out of which no
/// exception finds its way: one that throws, or crashes, would end the server, and `--list-plugins`
/// before its next line, without a word of the file. What else is wrong the parent sees itself.
Result<void> try_in_child(const fs::path& path) {
  constexpr unsigned kSecondsToLoad = 10;
  const pid_t child = ::fork();
  if (child < 0) return {};  // no process to be had: the file is loaded untried
  if (child == 0) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::alarm(kSecondsToLoad);
    load_or_die(path.c_str());
    ::_exit(0);
  }
  int status = 0;
  pid_t ended = 0;
  do {
    ended = ::waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  if (ended == child && WIFSIGNALED(status)) {
    return Error{std::string("its static constructors end the process (") +
                 ::strsignal(WTERMSIG(status)) + "); they must neither throw nor crash nor hang"};
  }
  if (ended == child && WEXITSTATUS(status) != 0) {
    return Error{"its static constructors end the process (exit status " +
                 std::to_string(WEXITSTATUS(status)) + ")"};
  }
  return {};
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

Result<const PeerPluginDescriptor*> open_shared_object(const fs::path& path) {
  std::error_code error;
  const fs::path canonical = fs::canonical(path, error);
  if (error) return Error{error.message()};
  if (!fs::is_regular_file(canonical, error)) return Error{"not a regular file"};
  if (Result<void> checked = check_permissions(path, canonical); !checked) return checked.error();
  if (Result<void> checked = check_elf_file(canonical); !checked) return checked.error();
  if (Result<void> tried = try_in_child(canonical); !tried) return tried.error();
  try {
    return find_descriptor(canonical);
  } catch (const std::exception& failure) {
    return Error{
        loader_reason(failure.what(), canonical) +
        "; install what it needs, or link it with -Wl,--no-undefined to see what is missing"};
  }
}

}  // namespace peer
