#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/plugin_config.h>

namespace peer {

/// One value as it was written, before anyone knows its key: the common form of YAML, JSON, the
/// environment and the command line. A plain value.
struct ConfigNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  /// How a scalar was written. Plain ones have the type that the YAML 1.2 core schema gives them,
  /// quoted ones are strings, and untyped ones (environment, command line) are whatever their key
  /// expects.
  enum class Style { kPlain, kQuoted, kUntyped };

  Kind kind = Kind::kNull;
  Style style = Style::kPlain;
  int line = 0;                           ///< from 1; of the key, for what is in a map; 0: no lines
  std::string key = {};                   ///< of what is in a map
  std::string text = {};                  ///< of a scalar
  std::vector<ConfigNode> children = {};  ///< of a list or map, duplicate keys included
};

/// Why a text is no tree.
struct SyntaxError {
  int line = 0;
  std::string message;  ///< holds nothing of the text, which may be a password
};

/// A scalar without a type of its own.
[[nodiscard]] ConfigNode untyped(std::string key, std::string text);

/// True for null and for the empty string: the key is as good as not there.
[[nodiscard]] bool is_empty(const ConfigNode& node);

/// The whole node as a string: quoted, untyped, or plain and of no other type.
[[nodiscard]] std::optional<std::string> as_string(const ConfigNode& node);

/// true, True, TRUE and their opposites (YAML 1.2, 10.3.2).
[[nodiscard]] std::optional<bool> as_boolean(std::string_view text);

/// A scalar, or a list of strings, in which an integer is its text; typed by the core schema.
/// Nullopt for anything else: maps (see plugin_section.h), nested lists, integers beyond 64 bits,
/// numbers that are not finite.
[[nodiscard]] std::optional<sdk::PluginConfig::Option> as_option(const ConfigNode& node);

/// What the node is, for "expected ..., got ...": "'8k'", "a list". Long text is cut, control
/// characters are escaped. `show` false names only the type, for what may be a secret.
[[nodiscard]] std::string describe(const ConfigNode& node, bool show);

/// `text` in single quotes for a message: control characters escaped, at most 60 bytes.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace peer
