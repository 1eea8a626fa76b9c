#include "core/admin/ask_nodes.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "core/admin/local_answer.h"

// A question of the API on its way. In: the question, on the loop of the API. Out: what is said to
// it, on the same loop, within a bounded time.
namespace peer {
namespace {

constexpr milliseconds kLoopDeadline{5'000};

/// A question that is not answered yet. Shared by this node's answer and the deadline: the first of
/// them counts.
struct Asking {
  AdminCall call;
  UniqueTask<void(std::vector<NodeAnswer>)> then;
  TimerId deadline{};
  bool over = false;
};

}  // namespace

void ask_nodes(const AdminCall& call, NodeQuestion question,
               UniqueTask<void(std::vector<NodeAnswer>)> then) {
  const auto asking = std::make_shared<Asking>(Asking{call, std::move(then)});
  asking->deadline = call.loop.schedule(call.loop.now() + kLoopDeadline, [asking] {
    if (std::exchange(asking->over, true)) return;
    asking->call.refuse(503, "an event loop does not answer");
  });
  answer_here(call.node, call.loop, std::move(question), [asking](NodeAnswer answer) {
    if (std::exchange(asking->over, true)) return;
    asking->call.loop.cancel(asking->deadline);
    std::vector<NodeAnswer> answers;
    answers.push_back(std::move(answer));
    asking->then(std::move(answers));
  });
}

JoinedPage join_pages(std::vector<NodeAnswer> answers, std::size_t limit, KeyOrder comes_before) {
  JoinedPage page;
  // Behind the last entry of a node that has more, something may be missing.
  std::optional<std::string> end;
  bool more = false;
  for (NodeAnswer& answer : answers) {
    if (answer.more && !answer.entries.empty()) {
      const std::string& last = answer.entries.back().key;
      if (!end || comes_before(last, *end)) end = last;
      more = true;
    }
    std::move(answer.entries.begin(), answer.entries.end(), std::back_inserter(page.entries));
  }
  std::stable_sort(
      page.entries.begin(), page.entries.end(),
      [&](const NodeEntry& a, const NodeEntry& b) { return comes_before(a.key, b.key); });
  std::vector<NodeEntry> joined;
  std::size_t bytes = 0;
  for (NodeEntry& entry : page.entries) {
    if (!joined.empty() && joined.back().key == entry.key) {
      joined.back().count += entry.count;
      continue;
    }
    bytes += entry.key.size() + entry.json.size();
    const bool is_beyond = end && comes_before(*end, entry.key);
    const bool is_too_much = bytes > kMostAnswerBytes && !joined.empty();
    if (joined.size() == limit || is_beyond || is_too_much) {
      more = true;
      break;
    }
    joined.push_back(std::move(entry));
  }
  page.entries = std::move(joined);
  if (more && !page.entries.empty()) page.next = page.entries.back().key;
  return page;
}

}  // namespace peer
