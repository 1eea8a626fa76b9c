#include "tools/peer-bench/affinity.h"

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

namespace peer::bench {
namespace {

std::vector<pid_t> threads_of(pid_t pid) {
  const std::string process = pid == 0 ? "self" : std::to_string(pid);
  std::vector<pid_t> threads;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + process + "/task")) {
    threads.push_back(std::stoi(entry.path().filename().string()));
  }
  return threads;
}

}  // namespace

CorePin::CorePin(pid_t pid, int core) {
  cpu_set_t wanted;
  CPU_ZERO(&wanted);
  CPU_SET(static_cast<unsigned>(core), &wanted);
  // Threads that a process starts later are on the core of the one that starts them.
  for (const pid_t thread : threads_of(pid)) {
    cpu_set_t before;
    if (::sched_getaffinity(thread, sizeof before, &before) != 0) continue;  // it has ended
    if (::sched_setaffinity(thread, sizeof wanted, &wanted) != 0) {
      throw std::system_error(errno, std::generic_category(), "--core " + std::to_string(core));
    }
    before_.emplace_back(thread, before);
  }
}

CorePin::~CorePin() {
  for (const auto& [thread, cores] : before_) ::sched_setaffinity(thread, sizeof cores, &cores);
}

}  // namespace peer::bench
