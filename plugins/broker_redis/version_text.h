#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace peer_redis {

/// Why the link ends where Redis is as well as ever, but nodes of another version have it, or with
/// another number of parts.
inline constexpr std::string_view kOtherVersion = "nodes of another version are at work";

/// What the log says of versions that may not meet. `version`: as the node has told it; empty for
/// one from before nodes had a version.
std::string text_of_refusal(std::string_view redis, std::string_view node,
                            std::string_view version);
std::string text_of_stranger(std::string_view node, std::string_view version);
/// Of nodes for which what is shared is in another number of parts than for this one.
std::string text_of_other_parts(std::string_view redis, std::string_view node,
                                std::string_view parts, std::size_t own_parts);
/// Of an envelope; `major`: '0' for one without a version.
std::string text_of_strange_envelope(char major);

}  // namespace peer_redis
