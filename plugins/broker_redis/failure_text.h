#pragma once

#include <string>
#include <string_view>

namespace peer_redis {

/// Why the link ends where Redis is as well as ever, but its name leads elsewhere.
inline constexpr std::string_view kLeadsElsewhere = "its name leads to another address now";

/// The same where Sentinel says so.
inline constexpr std::string_view kNewMaster = "Sentinel names another master";

/// Why the link is not built: of several servers, the master alone will do.
inline constexpr std::string_view kIsReplica = "it is a replica";

/// Why the link of one of several parts ends where the node of the Cluster still has its keys.
inline constexpr std::string_view kChannelLost = "it has ended the subscription";

/// Why it is not built: only a Cluster of Redis 7 or newer has SSUBSCRIBE.
inline constexpr std::string_view kNoShardedChannels = "no sharded channels";

/// Why the link to Redis has failed, as the log tells it.
struct FailureText {
  std::string kind;  ///< the same for all failures that differ in arguments alone
  std::string line;
};

/// `address`: of Redis, for the operator. `why`: an error that Redis has answered, or what the link
/// has found itself. Redis' errors begin with a code in capitals, and nothing else does.
FailureText describe_failure(std::string_view address, std::string_view why);

}  // namespace peer_redis
