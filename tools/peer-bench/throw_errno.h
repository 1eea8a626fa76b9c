#pragma once

#include <cerrno>
#include <system_error>

namespace peer::bench {

/// Throws errno as a std::system_error that names the call which failed.
[[noreturn]] inline void throw_errno(const char* call) {
  throw std::system_error(errno, std::generic_category(), call);
}

}  // namespace peer::bench
