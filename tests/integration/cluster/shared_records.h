#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/cluster/redis_client.h"

namespace peer::test {

/// All that the nodes share in one part, read from Redis in one script, so of one moment. The keys
/// are those of plugins/broker_redis/DESIGN.md, "Keys"; fingerprints and nodes are plain texts
/// here.
struct SharedRecords {
  struct Peer {
    std::string node, registration, since, alias;
    std::string tokens{};     ///< each with '|' behind it
    bool is_copy = false;     ///< of a peer whose own part is another one
    std::string record{};     ///< of one that is parked: what its node has left of the session
    bool has_missed = false;  ///< it has what was missed when it was parked
  };
  struct Member {
    std::string node, registration, object;
  };
  struct Ticket {
    std::string peer, node, registration, enqueued, request;
  };
  using Hash = std::map<std::string, std::string>;

  std::int64_t now_ms = 0;
  std::map<std::string, double> leases;                          ///< P:nodes
  std::map<std::string, std::set<std::string>> node_peers;       ///< P:n
  std::map<std::string, Peer> peers;                             ///< P:p
  std::map<std::string, std::set<std::string>> memberships;      ///< P:m
  std::map<std::string, std::set<std::string>> peer_tickets;     ///< P:t, ticket|ns
  std::map<std::string, std::string> aliases;                    ///< P:a
  std::map<std::string, std::string> tokens;                     ///< P:r
  std::map<std::string, Hash> spaces;                            ///< P:s
  std::map<std::string, std::map<std::string, Member>> members;  ///< P:sm
  std::map<std::string, std::map<std::string, double>> order;    ///< P:sz
  std::map<std::string, Hash> counts;                            ///< P:sn
  std::map<std::string, std::map<std::string, Ticket>> tickets;  ///< P:st
  std::set<std::string> with_tickets;                            ///< P:tn
  std::map<std::string, double> listed;                          ///< P:rl
  std::map<std::string, double> waiting;                         ///< P:re
  std::set<std::string> kicked;                                  ///< P:k
  std::map<std::string, std::string> ended;                      ///< P:e, the time of a copy
  std::map<std::string, double> parked;                          ///< P:parked
  Hash missed;                                                   ///< P:missed
  std::vector<std::string> strange;  ///< keys and entries of no known form
};

/// The parts by their numbers, one at the least, from servers of which each has other parts. Those
/// of one server are of one moment. A part that is at two of them has that among what is strange.
std::vector<SharedRecords> read_parts(std::span<RedisClient> servers);
inline std::vector<SharedRecords> read_parts(RedisClient& redis) {
  return read_parts(std::span(&redis, 1));
}
/// What is in them together. A peer is what its own part says.
SharedRecords together(const std::vector<SharedRecords>& parts);
inline SharedRecords read_shared_records(RedisClient& redis) { return together(read_parts(redis)); }

/// In the place of its node: a session whose node has stopped, and that any node may take.
inline const std::string kParked = "parked";

/// Each place where an index and the records that it points to do not say the same. Holds between
/// any two scripts.
std::vector<std::string> contradictions(const SharedRecords& part);
/// The same of each part, and each copy of a registration that differs from it. Holds when the
/// nodes have heard of each other.
std::vector<std::string> contradictions(const std::vector<SharedRecords>& parts);
/// Copies of a registration beside the one that is newest, or that have ended before. Holds between
/// any two scripts.
std::vector<std::string> contradictions_of_time(const std::vector<SharedRecords>& parts);

/// What is left of nodes without a lease. Holds when the cluster has healed.
std::vector<std::string> left_of_the_dead(const SharedRecords& records);

/// Fingerprints of the members of a namespace in the order in which they joined.
std::vector<std::string> members_in_order(const SharedRecords& records, const std::string& ns);

}  // namespace peer::test
