#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/admin/question.h"
#include "core/base/unique_task.h"
#include "core/net/event_loop.h"
#include "core/server/node.h"

namespace peer {

/// What several nodes have said to a question.
struct NodeAnswers {
  std::vector<NodeAnswer> answers{};
  /// Nodes that are thought to live, and have not answered in time.
  std::vector<std::string> missing{};
};

/// What the APIs of nodes say to each other, through the broker. On the loop of the API, but for
/// hear().
class NodeTalk {
 public:
  /// What a text is about; NodeTalk itself does the first two.
  enum class Kind : std::uint8_t {
    // Below stand those of sessions that move (core/session/session_moves.h).
    kQuestion = 64,  ///< number, question
    kAnswer,         ///< number, answer
    kBans,           ///< 0, a list of bans as JSON
    kBansDigest,     ///< a digest of all that the node has
    kWatch,          ///< which events it wants, for a while
    kEvents,         ///< lost, events
  };
  using Hear = UniqueTask<void(const std::string& from, Kind kind, std::uint64_t number,
                               std::string_view body)>;

  /// Both outlive it. `hear`: what is not of this class.
  NodeTalk(Node& node, EventLoop& loop, Hear hear);

  /// Other nodes that live, as far as is known.
  [[nodiscard]] std::vector<std::string> others() const { return node_.others.nodes(); }
  /// Asks all of them. `then` runs when all have answered that are `wanted`, or after two seconds;
  /// at once where there is nobody to ask, or too many questions are under way: then all are
  /// missing.
  void ask(const NodeQuestion& question, Wanted wanted, UniqueTask<void(NodeAnswers)> then);
  /// Lost where the node cannot be reached; nobody is told.
  void say(std::string_view to, Kind kind, std::uint64_t number, std::string_view body);
  /// Another node says one. Any thread. Beyond 32 MiB that wait for the loop it is dropped.
  void hear(std::string_view from, std::string_view text);

 private:
  struct Asking {
    std::vector<std::string> waits_for;
    Wanted wanted = Wanted::kAll;
    NodeAnswers got{};
    UniqueTask<void(NodeAnswers)> then;
    TimerId deadline{};
  };

  void take(const std::string& from, Kind kind, std::uint64_t number, std::string_view body);
  void take_question(const std::string& from, std::uint64_t number, std::string_view body);
  void take_answer(const std::string& from, std::uint64_t number, std::string_view body);
  void conclude(std::uint64_t number);

  Node& node_;
  EventLoop& loop_;
  Hear hear_;
  std::map<std::uint64_t, Asking> asking_;
  std::uint64_t last_number_ = 0;
  /// Texts that have come and wait for the loop, in bytes.
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace peer
