#include "criteria_queue.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <utility>

using peer::sdk::Instant;
using peer::sdk::MatchGroup;
using peer::sdk::MatchTicket;
using peer::sdk::TicketId;

namespace {

constexpr std::uint32_t kRoomAtFirst = 8;  // tickets of a bucket

}  // namespace

CriteriaQueue::Buckets::iterator CriteriaQueue::bucket_of(const peer::sdk::MatchRequest& request) {
  const KeyView key{std::hash<std::string_view>{}(request.criteria_key), request.group_size,
                    request.criteria_key};
  const auto bucket = buckets_.lower_bound(key);
  if (bucket != buckets_.end() && !buckets_.key_comp()(key, bucket->first)) {
    if (bucket == empty_) empty_ = buckets_.end();
    return bucket;
  }
  if (empty_ == buckets_.end()) {
    const auto made = buckets_.emplace_hint(
        bucket, Key{key.hash, key.group_size, std::string(key.criteria)}, Bucket{});
    made->second.reserve(std::min(key.group_size, kRoomAtFirst));
    return made;
  }
  // The hint stays good unless it is the one that is taken out.
  const auto hint = bucket == empty_ ? std::next(bucket) : bucket;
  auto reused = buckets_.extract(std::exchange(empty_, buckets_.end()));
  reused.key().hash = key.hash;
  reused.key().group_size = key.group_size;
  reused.key().criteria = key.criteria;
  return buckets_.insert(hint, std::move(reused));
}

// Nearly always at the end: ids rise.
CriteriaQueue::Places::iterator CriteriaQueue::place_of(TicketId id) {
  if (places_.empty() || places_.back().ticket < id) return places_.end();
  return std::lower_bound(
      places_.begin(), places_.end(), id,
      [](const Place& place, TicketId ticket) { return place.ticket < ticket; });
}

void CriteriaQueue::leave(TicketId id) {
  place_of(id)->bucket = buckets_.end();
  ++left_;
}

void CriteriaQueue::drop_left_places() {
  if (2 * left_ <= places_.size()) return;
  std::erase_if(places_, [this](const Place& place) { return place.bucket == buckets_.end(); });
  left_ = 0;
}

// No group is formed before form_groups(), so that several tickets may be added first.
void CriteriaQueue::add(const MatchTicket& ticket) {
  const auto place = place_of(ticket.id);
  const bool was_here = place != places_.end() && place->ticket == ticket.id;
  if (was_here && place->bucket != buckets_.end()) return;
  const Buckets::iterator bucket = bucket_of(ticket.request);
  Bucket& waiting = bucket->second;
  const bool was_full = holds_group(bucket);
  waiting.insert(std::lower_bound(waiting.begin(), waiting.end(), ticket.id), ticket.id);
  if (was_here) {
    place->bucket = bucket;
    --left_;
  } else {
    places_.insert(place, {ticket.id, bucket});
  }
  if (!was_full && holds_group(bucket)) full_.push_back(bucket);
}

void CriteriaQueue::remove(TicketId id) {
  const auto place = place_of(id);
  if (place == places_.end() || place->ticket != id || place->bucket == buckets_.end()) return;
  const Buckets::iterator bucket = place->bucket;
  Bucket& waiting = bucket->second;
  const bool was_full = holds_group(bucket);
  waiting.erase(std::lower_bound(waiting.begin(), waiting.end(), id));
  leave(id);
  drop_left_places();
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
  std::for_each(waiting.begin(), next, [this](TicketId id) { leave(id); });
  waiting.erase(waiting.begin(), next);
  drop_left_places();
  shrunk(bucket, true);
}

void CriteriaQueue::shrunk(Buckets::iterator bucket, bool was_full) {
  if (was_full && !holds_group(bucket)) std::erase(full_, bucket);
  if (!bucket->second.empty()) return;
  if (empty_ != buckets_.end() || bucket->second.capacity() > kRoomAtFirst) {
    buckets_.erase(bucket);
  } else {
    empty_ = bucket;
  }
}
