#include "criteria_queue.h"

#include <algorithm>
#include <cstddef>

using peer::sdk::Instant;
using peer::sdk::MatchGroup;
using peer::sdk::MatchTicket;
using peer::sdk::TicketId;

namespace {

constexpr std::uint32_t kRoomAtFirst = 8;  // tickets of a bucket

}  // namespace

// No group is formed before form_groups(), so that several tickets may be added first.
void CriteriaQueue::add(const MatchTicket& ticket) {
  if (tickets_.contains(ticket.id)) return;
  const KeyView key{ticket.request.group_size, ticket.request.criteria_key};
  auto bucket = buckets_.find(key);
  if (bucket == buckets_.end()) {
    bucket = buckets_.emplace(Key{key.group_size, std::string(key.criteria)}, Bucket{}).first;
    bucket->second.reserve(std::min(key.group_size, kRoomAtFirst));
  }
  Bucket& waiting = bucket->second;
  const bool was_full = holds_group(bucket);
  // Nearly always at the end, here and below: ids rise.
  waiting.insert(std::lower_bound(waiting.begin(), waiting.end(), ticket.id), ticket.id);
  tickets_.emplace_hint(tickets_.end(), ticket.id, bucket);
  if (!was_full && holds_group(bucket)) full_.push_back(bucket);
}

void CriteriaQueue::remove(TicketId id) {
  const auto ticket = tickets_.find(id);
  if (ticket == tickets_.end()) return;
  const Buckets::iterator bucket = ticket->second;
  Bucket& waiting = bucket->second;
  const bool was_full = holds_group(bucket);
  waiting.erase(std::lower_bound(waiting.begin(), waiting.end(), id));
  tickets_.erase(ticket);
  shrunk(bucket, was_full);
}

std::vector<MatchGroup> CriteriaQueue::form_groups(Instant) {
  std::vector<MatchGroup> groups;
  while (!full_.empty()) take_groups(full_.back(), groups);
  // The buckets came in the order in which they were filled, which means nothing.
  std::sort(groups.begin(), groups.end(), [](const MatchGroup& left, const MatchGroup& right) {
    return left.tickets.front() < right.tickets.front();
  });
  return groups;
}

void CriteriaQueue::take_groups(Buckets::iterator bucket, std::vector<MatchGroup>& groups) {
  Bucket& waiting = bucket->second;
  const std::ptrdiff_t size = bucket->first.group_size;
  auto next = waiting.begin();
  for (; waiting.end() - next >= size; next += size) groups.push_back({{next, next + size}});
  std::for_each(waiting.begin(), next, [this](TicketId id) { tickets_.erase(id); });
  waiting.erase(waiting.begin(), next);
  shrunk(bucket, true);
}

void CriteriaQueue::shrunk(Buckets::iterator bucket, bool was_full) {
  if (was_full && !holds_group(bucket)) std::erase(full_, bucket);
  if (bucket->second.empty()) buckets_.erase(bucket);
}
