#include "core/admin/node_talk.h"

#include <algorithm>
#include <utility>

#include "core/admin/local_answer.h"
#include "core/admin/question_text.h"
#include "core/base/packed_bytes.h"

// Questions to other nodes, and from them. In: a question of this node's API, and what the broker
// brings. Out: texts for other nodes, and the answers of those that live, within two seconds. What
// another node says may have been written by anybody who can write to the store of the nodes, so
// each text has a bound and is checked before anything of it goes into an answer.
namespace peer {
namespace {

constexpr milliseconds kNodeDeadline{2'000};
constexpr std::size_t kMostAsked = 4'096;             // questions under way
constexpr std::size_t kMostHeard = 32 * 1024 * 1024;  // bytes that wait for the loop
constexpr std::size_t kLongestNodeId = 64;

}  // namespace

NodeTalk::NodeTalk(Node& node, EventLoop& loop, Hear hear)
    : node_(node), loop_(loop), hear_(std::move(hear)) {}

void NodeTalk::ask(const NodeQuestion& question, Wanted wanted,
                   UniqueTask<void(NodeAnswers)> then) {
  std::vector<std::string> nodes = others();
  if (nodes.empty()) return then({});
  if (asking_.size() >= kMostAsked) return then({{}, std::move(nodes)});
  const std::uint64_t number = ++last_number_;
  Asking& asking = asking_[number];
  asking.waits_for = nodes;
  asking.wanted = wanted;
  asking.then = std::move(then);
  asking.deadline =
      loop_.schedule(loop_.now() + kNodeDeadline, [this, number] { conclude(number); });
  const std::string body = packed(question);
  for (const std::string& node : nodes) say(node, Kind::kQuestion, number, body);
}

void NodeTalk::say(std::string_view to, Kind kind, std::uint64_t number, std::string_view body) {
  PackedWriter writer;
  // The form of what is said of sessions: so an older node reads it, and passes it over.
  writer.number(static_cast<std::uint64_t>(kind)).number(0).number(number).text(body);
  node_.others.tell_node(to, writer.take());
}

void NodeTalk::hear(std::string_view from, std::string_view text) {
  if (from.size() > kLongestNodeId || waiting_.load() > kMostHeard) return;
  waiting_ += text.size();
  loop_.post([this, from = std::string(from), text = std::string(text)] {
    waiting_ -= text.size();
    PackedReader reader(text);
    const std::uint64_t kind = reader.number();
    static_cast<void>(reader.number());
    const std::uint64_t number = reader.number();
    const std::string_view body = reader.text();
    // Kinds that are not known are of newer nodes.
    if (!reader.good() || kind > static_cast<std::uint64_t>(Kind::kEvents)) return;
    take(from, static_cast<Kind>(kind), number, body);
  });
}

void NodeTalk::take(const std::string& from, Kind kind, std::uint64_t number,
                    std::string_view body) {
  if (kind == Kind::kQuestion) return take_question(from, number, body);
  if (kind == Kind::kAnswer) return take_answer(from, number, body);
  hear_(from, kind, number, body);
}

void NodeTalk::take_question(const std::string& from, std::uint64_t number, std::string_view body) {
  auto question = read_question(body);
  if (!question) return;
  answer_here(node_, loop_, *question, [this, from, number](const NodeAnswer& answer) {
    say(from, Kind::kAnswer, number, packed(answer));
  });
}

void NodeTalk::take_answer(const std::string& from, std::uint64_t number, std::string_view body) {
  const auto asking = asking_.find(number);
  if (asking == asking_.end()) return;  // too late
  auto answer = read_answer(body);
  if (!answer || std::erase(asking->second.waits_for, from) == 0) return;
  const bool is_enough = asking->second.wanted == Wanted::kFirst && has_it(*answer);
  asking->second.got.answers.push_back(std::move(*answer));
  if (is_enough) asking->second.waits_for.clear();
  if (asking->second.waits_for.empty()) conclude(number);
}

void NodeTalk::conclude(std::uint64_t number) {
  const auto at = asking_.find(number);
  if (at == asking_.end()) return;
  Asking asking = std::move(at->second);
  asking_.erase(at);
  loop_.cancel(asking.deadline);
  asking.got.missing = std::move(asking.waits_for);
  asking.then(std::move(asking.got));
}

}  // namespace peer
