#include "core/admin/ask_nodes.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "core/admin/local_answer.h"
#include "core/protocol/json_text.h"

// A question of the API on its way. In: the question, on the loop of the API. Out: what the nodes
// say to it, on the same loop, within a bounded time.
namespace peer {
namespace {

constexpr milliseconds kLoopDeadline{5'000};

/// A question that is not answered yet. Shared by this node's answer, that of the others, and the
/// deadline.
struct Asking {
  AdminCall call;
  UniqueTask<void(NodeAnswers)> then;
  std::optional<NodeAnswer> own{};
  std::optional<NodeAnswers> others{};
  TimerId deadline{};
  bool over = false;
};

void conclude(const std::shared_ptr<Asking>& asking) {
  if (!asking->own || !asking->others || std::exchange(asking->over, true)) return;
  asking->call.loop.cancel(asking->deadline);
  NodeAnswers all = std::move(*asking->others);
  all.answers.insert(all.answers.begin(), std::move(*asking->own));
  asking->then(std::move(all));
}

void ask_others(const std::shared_ptr<Asking>& asking, Wanted wanted,
                const NodeQuestion& question) {
  asking->call.talk.ask(question, wanted, [asking](NodeAnswers answers) {
    asking->others = std::move(answers);
    conclude(asking);
  });
}

}  // namespace

void ask_nodes(const AdminCall& call, Wanted wanted, NodeQuestion question,
               UniqueTask<void(NodeAnswers)> then) {
  const std::shared_ptr<Asking> asking(new Asking{call, std::move(then)});
  asking->deadline = call.loop.schedule(call.loop.now() + kLoopDeadline, [asking] {
    if (std::exchange(asking->over, true)) return;
    asking->call.refuse(503, "an event loop does not answer");
  });
  if (wanted == Wanted::kAll) ask_others(asking, wanted, question);
  NodeQuestion again = question;
  answer_here(call.node, call.loop, question,
              [asking, wanted, again = std::move(again)](NodeAnswer answer) {
                if (asking->over) return;
                const bool found = has_it(answer);
                asking->own = std::move(answer);
                if (wanted == Wanted::kFirst && found) asking->others.emplace();
                if (wanted == Wanted::kFirst && !found) return ask_others(asking, wanted, again);
                conclude(asking);
              });
}

std::string missing_json(const NodeAnswers& answers) {
  if (answers.missing.empty()) return {};
  std::string json = ",\"missing\":[";
  for (const std::string& node : answers.missing) {
    if (json.back() != '[') json.push_back(',');
    append_json_string(json, node);
  }
  return json + "]";
}

void refuse_missing(const AdminCall& call, const NodeAnswers& answers, const std::string& words) {
  if (answers.missing.empty()) return call.refuse(404, words);
  call.refuse(503, words + ", but " + std::to_string(answers.missing.size()) +
                       " of the nodes did not answer");
}

bool is_found(const NodeAnswers& answers) {
  return std::any_of(answers.answers.begin(), answers.answers.end(),
                     [](const NodeAnswer& answer) { return has_it(answer); });
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
