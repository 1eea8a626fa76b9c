#pragma once

#include <memory>
#include <string_view>

#include "core/dispatch/handlers.h"
#include "core/dispatch/node.h"
#include "core/match/matchmaker.h"

namespace peer {

/// Where the requests of this node's peers for a match go: to its own matchmaker, or to the node
/// that makes the matches of a namespace for all (shared_matching.h). Thread-safe; each call on the
/// loop of its connection.
class Matching {
 public:
  virtual ~Matching() = default;
  /// `match`, checked but for the strategy's part. Answers it; `waiting` and `matched` may come
  /// later.
  virtual MatchOutcome::Status request(const Call& call, MatchRequest request,
                                       bool shows_ticket) = 0;
  /// `match_cancel` of a member; answers it.
  virtual void cancel(const Call& call, std::string_view ns) = 0;
  /// The peer's ticket ends, for it leaves the namespace.
  virtual void drop(Node& node, Connection& connection, std::string_view ns) = 0;
};

/// `alone`: there never are other nodes.
[[nodiscard]] std::unique_ptr<Matching> make_matching(bool alone);

}  // namespace peer
