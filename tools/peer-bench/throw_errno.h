#pragma once

#include <cerrno>
#include <system_error>

namespace peer::bench {

/// Throws errno as a std::system_error that names the call which failed. At once behind that call:
/// any other one may change errno. A run that meets it ends, with exit code and words for the user.
[[noreturn]] inline void throw_errno(const char* call) {
  throw std::system_error(errno, std::generic_category(), call);
}

}  // namespace peer::bench
