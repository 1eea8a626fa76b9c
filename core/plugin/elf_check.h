#pragma once

#include <filesystem>

#include <peer/sdk/result.h>

namespace peer {

/// Whether `path` is a whole ELF shared object for this processor, judged by its headers alone:
/// nothing of it runs. It has to be asked before dlopen(), which maps what the headers promise: a
/// file that was cut off (a copy that is still under way) would end the process with SIGBUS.
[[nodiscard]] sdk::Result<void> check_elf_file(const std::filesystem::path& path);

}  // namespace peer
