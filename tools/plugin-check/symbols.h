#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <peer/sdk/result.h>

namespace peer::plugin_check {

/// What a shared object shows to others, and wants of them.
struct Symbols {
  std::vector<std::string>
      exported;  ///< by their names in C++, sorted; without what headers of libraries leave in it
  std::vector<std::string> needed;  ///< shared objects, in their order: "libstdc++.so.6"
};

/// Reads the tables of an ELF file for this processor (check_elf_file() has taken it). Nothing of
/// it runs. The file may be anybody's: places and sizes in it are held against its own size.
[[nodiscard]] sdk::Result<Symbols> read_symbols(const std::filesystem::path& file);

}  // namespace peer::plugin_check
