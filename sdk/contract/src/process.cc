#include "process.h"

#include <poll.h>

#include <algorithm>
#include <filesystem>
#include <string>

namespace peer::sdk::contract {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif
#else
constexpr bool kIsSanitized = false;
#endif

}  // namespace

std::size_t thread_count() {
  const auto threads = fs::directory_iterator("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(threads), end(threads)));
}

std::size_t socket_count() {
  std::size_t count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    if (fs::read_symlink(entry.path(), error).string().starts_with("socket:")) ++count;
  }
  return count;
}

bool becomes(const std::function<bool()>& condition, std::chrono::milliseconds within) {
  for (const auto end = Clock::now() + within; !condition();) {
    if (Clock::now() > end) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

std::chrono::milliseconds shortest_of_five(const std::function<void()>& call,
                                           const std::function<void()>& prepare) {
  auto shortest = Clock::duration::max();
  for (int i = 0; i < 5; ++i) {
    prepare();
    const auto start = Clock::now();
    call();
    shortest = std::min(shortest, Clock::now() - start);
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(shortest);
}

std::chrono::milliseconds longest_call() {
  return std::chrono::milliseconds(kIsSanitized ? 1000 : 100);
}

}  // namespace peer::sdk::contract
