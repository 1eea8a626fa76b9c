#include "core/process/process.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <system_error>

#include "core/base/plain_file.h"

namespace peer {

int report_mistakes(const std::vector<std::string>& mistakes) {
  for (const std::string& mistake : mistakes) std::cerr << "peer-server: " << mistake << '\n';
  return kExitConfig;
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return variables;
}

void open_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one. Without /dev the root will do: nobody can write to it.
    if (::open("/dev/null", O_RDWR) < 0) ::open("/", O_RDONLY | O_DIRECTORY);
  }
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

void keep_freed_memory() { ::mallopt(M_TRIM_THRESHOLD, 8 * 1024 * 1024); }

sdk::Result<void> write_port_file(const std::string& file, std::uint16_t port) {
  const std::string prefix = "port_file: ";
  if (const std::string wrong = wrong_kind_of_file(file, Devices::kRefused); !wrong.empty()) {
    return sdk::Error{prefix + wrong};
  }
  // A reader sees no file, the old one, or the whole new one.
  const std::string temporary = file + ".new";
  ::unlink(temporary.c_str());  // whatever somebody has left there
  const auto opened =
      open_plain_file(temporary, O_WRONLY | O_CREAT | O_EXCL, Devices::kRefused, 0644);
  if (!opened) return sdk::Error{prefix + opened.error().message};
  const std::string text = std::to_string(port) + '\n';
  const bool written =
      ::write(*opened, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool closed = ::close(*opened) == 0;
  if (!written || !closed || std::rename(temporary.c_str(), file.c_str()) != 0) {
    return sdk::Error{prefix + "cannot write '" + file +
                      "': " + std::generic_category().message(errno)};
  }
  return {};
}

std::uint16_t read_port_file(const std::string& file) {
  std::uint16_t port = 0;
  if (wrong_kind_of_file(file, Devices::kRefused).empty()) std::ifstream(file) >> port;
  return port;
}

}  // namespace peer
