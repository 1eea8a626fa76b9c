#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/admin/question.h"

/// Questions and answers on their way between nodes.
namespace peer {

[[nodiscard]] std::string packed(const NodeQuestion& question);
[[nodiscard]] std::string packed(const NodeAnswer& answer);
/// Nullopt: that is none, or of a newer node, or not for clients.
[[nodiscard]] std::optional<NodeQuestion> read_question(std::string_view text);
[[nodiscard]] std::optional<NodeAnswer> read_answer(std::string_view text);

}  // namespace peer
