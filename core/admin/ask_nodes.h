#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/admin/admin_call.h"
#include "core/admin/question.h"
#include "core/base/unique_task.h"

namespace peer {

/// Asks this node, and goes on with its answer, which stands in a list: join_pages() joins those of
/// several nodes. When no answer comes, since a loop hangs, the request is refused with 503, and
/// `then` does not run.
void ask_nodes(const AdminCall& call, NodeQuestion question,
               UniqueTask<void(std::vector<NodeAnswer>)> then);

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
