#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/match_strategy.h>

#include "core/plugin/by_namespace.h"
#include "core/plugin/plugin_calls.h"
#include "core/protocol/message.h"
#include "core/protocol/requests.h"

/// What is true of match requests and groups wherever they are kept (docs/protocol.md, "match").
namespace peer {

/// A request as a strategy sees it: views of `request`, good as long as that lives.
[[nodiscard]] sdk::MatchRequest view_of(const MatchRequest& request);
/// Whether the two ask for the same, so that the ticket keeps its place. The time-out is not
/// compared: an equal request lets the time start anew.
[[nodiscard]] bool same_request(const MatchRequest& a, const MatchRequest& b);

/// A request that another node has sent: checked there, but maybe by other bounds, and so read like
/// a client's. It refers to `text`, which gets room behind it for the parser. Nullopt: it is none,
/// or of another namespace.
[[nodiscard]] std::optional<MatchRequest> read_sent_request(MessageParser& parser,
                                                            const Bounds& bounds,
                                                            std::string_view ns, std::string& text);

/// The first SDK in which a strategy may have more to say of requests, queues and groups: what was
/// built with an older one is not asked.
inline constexpr std::uint32_t kSdkOfQueues = 2;

/// The first SDK in which a broker tells of a ticket again that replaces itself.
inline constexpr std::uint32_t kSdkOfRepeats = 6;

/// What a strategy has against a request.
struct MatchJudgement {
  bool failed = false;                 ///< it threw: 500
  std::optional<std::string> refusal;  ///< words for the client, UTF-8: 400

  [[nodiscard]] bool is_good() const { return !failed && !refusal; }
};
/// Sets the group size too, which may come from fields of the strategy's own, and keeps the fields
/// if anybody may look at them.
[[nodiscard]] MatchJudgement judge(const Served<sdk::MatchStrategy>& by, MatchRequest& request);
/// The strategy's queue for one namespace; null, which is logged, when it made none.
[[nodiscard]] std::unique_ptr<sdk::MatchQueue> make_queue(const Served<sdk::MatchStrategy>& by,
                                                          std::string_view ns);
/// A strategy's words for a client: what is no UTF-8 is logged, and replaced.
[[nodiscard]] std::string words_for_client(PluginCalls& calls, std::string words);

using Teams = std::vector<std::vector<sdk::TicketId>>;

/// Whether each of a group's tickets is in exactly one of the teams; no teams are fine.
[[nodiscard]] bool are_teams_of(const Teams& teams, std::span<const sdk::TicketId> tickets);

}  // namespace peer
