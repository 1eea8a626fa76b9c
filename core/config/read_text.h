#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include <peer/sdk/result.h>

#include "core/config/node.h"

/// A configuration file, as text and as a tree. Both readers take any bytes, never throw, never
/// recurse deeper than kMaxConfigDepth, and build at most kMaxConfigNodes nodes. Thread-safe.
namespace peer {

inline constexpr std::size_t kMaxConfigSize = 1024 * 1024;  // bytes
inline constexpr int kMaxConfigDepth = 16;
inline constexpr int kMaxConfigNodes = 50'000;

using ConfigTree = std::variant<ConfigNode, SyntaxError>;

/// JSON (RFC 8259), strictly.
[[nodiscard]] ConfigTree read_json(std::string_view text);

/// One YAML document without tags, anchors, aliases and directives: settings need none of them, and
/// aliases are how a small file becomes a huge one. Refuses also what yaml-cpp takes although it
/// means something else than a reader sees (yaml_scalar.h). Empty text is a null node.
[[nodiscard]] ConfigTree read_yaml(std::string_view text);

/// read_json() for a name that ends in ".json" or a text that starts with '{', else read_yaml().
/// A byte order mark is skipped.
[[nodiscard]] ConfigTree read_text(std::string_view text, std::string_view name);

/// Whether a pipe will do: shells pass `<(...)` as one. It can be read only once.
enum class Pipes { kRead, kRefused };

/// The content of a file of at most `max_size` bytes. The error names the reason, not the path. A
/// pipe is waited for, 10 s at the longest.
[[nodiscard]] sdk::Result<std::string> read_file(const std::string& path, std::size_t max_size,
                                                 Pipes pipes = Pipes::kRead);

}  // namespace peer
