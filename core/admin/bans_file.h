#pragma once

#include <string>
#include <vector>

#include <peer/sdk/result.h>

#include "core/limit/bans.h"

namespace peer {

/// `{"bans":[{"target","changed_at","ends_at","reason"?}...]}`, and back. The error says what is
/// wrong with the text.
[[nodiscard]] std::string bans_to_json(const std::vector<Ban>& bans);
[[nodiscard]] sdk::Result<std::vector<Ban>> parse_bans(const std::string& json);

/// The bans in `bans_file`, also those lifted lately; none when there is no such file. The error
/// says what is wrong with it. Reads the disk.
[[nodiscard]] sdk::Result<std::vector<Ban>> read_bans_file(const std::string& path);
/// Replaces the file as a whole: after a crash it is the old one or the new one. Waits for the
/// disk.
[[nodiscard]] sdk::Result<void> write_bans_file(const std::string& path,
                                                const std::vector<Ban>& bans);

}  // namespace peer
