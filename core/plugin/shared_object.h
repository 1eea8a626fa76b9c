#pragma once

#include <filesystem>

#include <peer/sdk/plugin.h>

#include "core/plugin/child_trial.h"

namespace peer {

/// Loads a shared object and finds its plugin descriptor, whose fields are still unchecked. The
/// file stays loaded until the process ends: its code may be on other threads' stacks and its
/// types in objects that outlive any owner, so that no moment to unload it is safe.
///
/// A file that any user can write to, or replace in its directory, is refused before it is opened:
/// its static constructors run before anything else can be checked.
///
/// It is loaded in a child process first, so that static constructors which throw, crash or hang
/// (for `seconds_to_load`) are an error like others: they run twice.
///
/// `path`: absolute. Main thread only.
[[nodiscard]] sdk::Result<const PeerPluginDescriptor*> open_shared_object(
    const std::filesystem::path& path, unsigned seconds_to_load = kTrialSeconds);

}  // namespace peer
