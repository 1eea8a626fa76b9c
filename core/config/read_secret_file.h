#pragma once

#include <string>
#include <string_view>

#include <peer/sdk/result.h>

#include "core/config/read_text.h"

namespace peer {

/// What a key, an option or a variable is called that names the file of a secret: "<secret>_file".
inline constexpr std::string_view kSecretFileSuffix = "_file";

/// The secret in the file at `path`, which is absolute: its content of at most 64 KiB, without the
/// line's end that editors put behind it. The error does not name the path, which may be the secret
/// itself by mistake.
[[nodiscard]] sdk::Result<std::string> read_secret_file(const std::string& path,
                                                        Pipes pipes = Pipes::kRead);

}  // namespace peer
