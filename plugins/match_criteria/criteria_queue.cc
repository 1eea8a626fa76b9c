#include "criteria_queue.h"

#include <algorithm>

using peer::sdk::Instant;
using peer::sdk::MatchGroup;
using peer::sdk::MatchTicket;
using peer::sdk::TicketId;

// No group is formed before form_groups(), so that several tickets may be added first.
void CriteriaQueue::add(const MatchTicket& ticket) {
  if (tickets_.contains(ticket.id)) return;
  const KeyView key{ticket.request.group_size, ticket.request.criteria_key};
  auto bucket = buckets_.find(key);
  if (bucket == buckets_.end()) {
    bucket = buckets_.emplace(Key{key.group_size, std::string(key.criteria)}, Bucket{}).first;
  }
  bucket->second.insert(ticket.id);
  tickets_.emplace(ticket.id, bucket);
  if (holds_group(bucket)) full_.emplace(&bucket->second, bucket);
}

void CriteriaQueue::remove(TicketId id) {
  const auto ticket = tickets_.find(id);
  if (ticket == tickets_.end()) return;
  const Buckets::iterator bucket = ticket->second;
  bucket->second.erase(id);
  tickets_.erase(ticket);
  shrunk(bucket);
}

std::vector<MatchGroup> CriteriaQueue::form_groups(Instant) {
  std::vector<MatchGroup> groups;
  while (!full_.empty()) groups.push_back(take_group(full_.begin()->second));
  // The buckets came in the order of their addresses, which means nothing.
  std::sort(groups.begin(), groups.end(), [](const MatchGroup& left, const MatchGroup& right) {
    return left.tickets.front() < right.tickets.front();
  });
  return groups;
}

MatchGroup CriteriaQueue::take_group(Buckets::iterator bucket) {
  Bucket& waiting = bucket->second;
  const auto end = std::next(waiting.begin(), bucket->first.group_size);
  MatchGroup group{.tickets = {waiting.begin(), end}};
  waiting.erase(waiting.begin(), end);
  for (const TicketId id : group.tickets) tickets_.erase(id);
  shrunk(bucket);
  return group;
}

void CriteriaQueue::shrunk(Buckets::iterator bucket) {
  // First: `full_` knows a bucket by its address.
  if (!holds_group(bucket)) full_.erase(&bucket->second);
  if (bucket->second.empty()) buckets_.erase(bucket);
}
