#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/admin/question.h"

/// Questions and answers on their way between nodes, as PackedWriter writes them. Anybody who can
/// write to what the nodes share may have written them, so all of a text is checked before it is
/// used: numbers for their range, texts for UTF-8, JSON for being JSON. Pure; any thread.
namespace peer {

[[nodiscard]] std::string packed(const NodeQuestion& question);
[[nodiscard]] std::string packed(const NodeAnswer& answer);
/// Nullopt: that is none, or of a newer node, or not for clients.
[[nodiscard]] std::optional<NodeQuestion> read_question(std::string_view text);
[[nodiscard]] std::optional<NodeAnswer> read_answer(std::string_view text);

}  // namespace peer
