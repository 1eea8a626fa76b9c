#include "tests/support/deadline.h"

#include <poll.h>

#include <algorithm>
#include <cstdlib>

namespace peer::test {

int timeout_factor() {
  static const int factor = [] {
    const char* value = std::getenv("PEER_TEST_TIMEOUT_FACTOR");
    const int parsed = value == nullptr ? 0 : std::atoi(value);
    return parsed > 0 ? parsed : PEER_DEFAULT_TIMEOUT_FACTOR;
  }();
  return factor;
}

bool Deadline::passed() const {
  constexpr int kLongestPause = 5;
  poll(nullptr, 0, std::min({times_asked_, kLongestPause, milliseconds_left()}));
  times_asked_ = std::min(times_asked_ + 1, kLongestPause);
  return milliseconds_left() == 0;
}

}  // namespace peer::test
