#pragma once

#include <functional>

#include <peer/sdk/result.h>

namespace peer {

/// How long a plugin's static constructors, or its factory, may take when they are tried.
inline constexpr unsigned kTrialSeconds = 10;

/// Calls `run` in a child process, before it is called in this one: what throws, crashes, ends the
/// process or hangs there is an error here, in words for the operator: "its factory ends the
/// process (Aborted)". The parent's memory stays as it is. `what_ends`: "its factory ends", which
/// the message begins with; `seconds`: after these it counts as one that hangs. No process to be
/// had: as if nothing were wrong.
///
/// Main thread only, while there is no other: a child has the calling thread alone.
[[nodiscard]] sdk::Result<void> try_in_child(const char* what_ends, unsigned seconds,
                                             const std::function<void()>& run);

}  // namespace peer
