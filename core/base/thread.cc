#include "core/base/thread.h"

#include <system_error>
#include <utility>

namespace peer {

sdk::Result<std::thread> start_thread(const std::string& what, std::function<void()> body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error& failure) {
    return sdk::Error{"cannot start a thread for " + what + ": " + failure.code().message() +
                      "; raise the limit of threads (ulimit -u, TasksMax= of the service, the pids "
                      "limit of the container)"};
  }
}

}  // namespace peer
