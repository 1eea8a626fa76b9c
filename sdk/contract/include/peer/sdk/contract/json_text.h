#pragma once

#include <string>
#include <string_view>

#include <peer/sdk/result.h>
#include <peer/sdk/value.h>

/// JSON for tests of plugins, which have no server to read it for them.
namespace peer::sdk::contract {

/// Reads a JSON text as PluginHost::parse_json() does: at most 1 MiB, 64 containers deep, without
/// duplicate keys.
[[nodiscard]] Result<Value> parse_json(std::string_view text);

/// As parse_json(), for texts of the test's own: `json(R"({"secret": "xyzzy"})")`. Throws
/// std::invalid_argument where it is no JSON.
[[nodiscard]] Value json(std::string_view text);

/// The value as JSON, keys sorted; a number that JSON has no digits for is written as 1e999. Equal
/// values have equal texts.
[[nodiscard]] std::string text_of(const Value& value);

/// Whether a text is UTF-8 (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace peer::sdk::contract
