#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/admin/admin_call.h"
#include "core/admin/node_talk.h"
#include "core/admin/question.h"
#include "core/base/unique_task.h"

namespace peer {

/// Asks this node and those that the broker knows, and goes on with what they say, this node's word
/// first. A node that does not answer within two seconds is in `missing`. When a loop of this node
/// hangs, the request is refused with 503, and `then` does not run.
void ask_nodes(const AdminCall& call, Wanted wanted, NodeQuestion question,
               UniqueTask<void(NodeAnswers)> then);

/// `,"missing":[...]` of an answer, with the nodes that did not answer; empty without.
[[nodiscard]] std::string missing_json(const NodeAnswers& answers);
/// Refuses a request for what no node has: with 404 and these words, or, where a node did not
/// answer that may have it, with 503.
void refuse_missing(const AdminCall& call, const NodeAnswers& answers, const std::string& words);
/// Whether one of them has found it.
[[nodiscard]] bool is_found(const NodeAnswers& answers);

/// A page of a list that several nodes have a part of.
struct JoinedPage {
  std::vector<NodeEntry> entries;
  std::optional<std::string> next;  ///< the key of the last one, if there are more
};
/// The order of the keys that the list is in.
using KeyOrder = bool (*)(std::string_view a, std::string_view b);
/// At most `limit` entries. Those with the same key become one: counts are added up, of the rest
/// the first counts.
[[nodiscard]] JoinedPage join_pages(std::vector<NodeAnswer> answers, std::size_t limit,
                                    KeyOrder comes_before);

}  // namespace peer
