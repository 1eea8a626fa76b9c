#pragma once

#include <sys/types.h>

#include <string>

#include <peer/sdk/result.h>

/// Files that an operator names. A pipe that nobody reads or writes would hold up the thread that
/// opens it for ever, and a socket cannot be opened: neither is waited for. Thread-safe.
namespace peer {

/// Whether a device (/dev/null, a terminal) will do.
enum class Devices { kRefused, kTaken };

/// Empty when `path` is a regular file, a device that will do, or not there; otherwise what is
/// wrong: "'/run/x' is a pipe; expected a file".
[[nodiscard]] std::string wrong_kind_of_file(const std::string& path, Devices devices);

/// open(2) with O_CLOEXEC, without waiting for the other end of a pipe: anything that is no file is
/// refused. Returns the descriptor, which blocks as usual.
[[nodiscard]] sdk::Result<int> open_plain_file(const std::string& path, int flags, Devices devices,
                                               mode_t mode = 0);

}  // namespace peer
