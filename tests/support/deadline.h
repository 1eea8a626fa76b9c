#pragma once

#include <chrono>

namespace peer::test {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// How many times longer than in a plain build anything may take: 4 in a sanitizer build, else 1;
/// the environment variable PEER_TEST_TIMEOUT_FACTOR overrides it.
int timeout_factor();

/// The moment until which a test waits for something. Counts from its construction.
class Deadline {
 public:
  /// `budget` is multiplied with timeout_factor().
  explicit Deadline(milliseconds budget = 10s)
      : end_(std::chrono::steady_clock::now() + budget * timeout_factor()) {}

  /// Milliseconds left, for poll(2); 0 when the deadline has passed.
  int milliseconds_left() const {
    const auto left =
        std::chrono::ceil<milliseconds>(end_ - std::chrono::steady_clock::now()).count();
    return left > 0 ? static_cast<int>(left) : 0;
  }

  /// Whether it has passed. Who asks again and again waits for up to 5 ms each time, so that a test
  /// takes no core from the processes that it waits for. One thread, no lock held.
  bool passed() const;

 private:
  mutable int times_asked_ = 0;
  std::chrono::steady_clock::time_point end_;
};

}  // namespace peer::test
