#include "criteria_queue.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <utility>

using peer::sdk::Instant;
using peer::sdk::MatchGroup;
using peer::sdk::MatchGroups;
using peer::sdk::MatchTicket;
using peer::sdk::TicketId;

namespace {

constexpr std::uint32_t kRoomAtFirst = 8;  // tickets of a bucket

}  // namespace

CriteriaQueue::Buckets::iterator CriteriaQueue::bucket_of(const peer::sdk::MatchRequest& request) {
  const KeyView key{std::hash<std::string_view>{}(request.criteria_key), request.group_size,
                    request.criteria_key};
  const auto has_numbers = [&](Buckets::iterator at) {
    return at != buckets_.end() && at->first.hash == key.hash &&
           at->first.group_size == key.group_size;
  };
  // Nearly always there is one bucket with these numbers, or none: so criteria are compared once.
  Buckets::iterator bucket = buckets_.lower_bound(KeyNumbers{key.hash, key.group_size});
  bool is_there = has_numbers(bucket) && bucket->first.criteria == key.criteria;
  if (!is_there && has_numbers(bucket)) {
    bucket = buckets_.lower_bound(key);
    is_there = has_numbers(bucket) && bucket->first.criteria == key.criteria;
  }
  if (is_there) {
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
  if (!was_full && holds_group(bucket)) full_.push_back({bucket});
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
  if (was_full && !holds_group(bucket)) {
    std::erase_if(full_, [&](const Full& full) { return full.bucket == bucket; });
  }
  shrunk(bucket);
}

std::vector<MatchGroup> CriteriaQueue::form_groups(Instant now) {
  MatchGroups formed;
  add_groups(now, formed);
  std::vector<MatchGroup> groups(formed.size());
  for (std::size_t i = 0; i < formed.size(); ++i) {
    groups[i].tickets.assign(formed[i].begin(), formed[i].end());
  }
  return groups;
}

// `full_` is a heap here, with the bucket first whose next group is the oldest: the order in which
// the buckets were filled means nothing.
void CriteriaQueue::add_groups(Instant, MatchGroups& groups) {
  const auto next_of = [](const Full& full) { return full.bucket->second.begin() + full.given; };
  const auto is_younger = [&](const Full& a, const Full& b) { return *next_of(a) > *next_of(b); };
  // A call that threw half way has given nothing.
  for (Full& full : full_) full.given = 0;
  std::make_heap(full_.begin(), full_.end(), is_younger);
  while (!full_.empty()) {
    std::pop_heap(full_.begin(), full_.end(), is_younger);
    Full& full = full_.back();
    const std::ptrdiff_t size = full.bucket->first.group_size;
    groups.add(next_of(full), next_of(full) + size);
    full.given += size;
    if (full.bucket->second.end() - next_of(full) >= size) {
      std::push_heap(full_.begin(), full_.end(), is_younger);
    } else {
      const Full done = full;
      full_.pop_back();
      drop_first(done.bucket, done.given);
    }
  }
}

void CriteriaQueue::drop_first(Buckets::iterator bucket, std::ptrdiff_t count) {
  Bucket& waiting = bucket->second;
  const auto end = waiting.begin() + count;
  std::for_each(waiting.begin(), end, [this](TicketId id) { leave(id); });
  waiting.erase(waiting.begin(), end);
  drop_left_places();
  shrunk(bucket);
}

void CriteriaQueue::shrunk(Buckets::iterator bucket) {
  if (!bucket->second.empty()) return;
  if (empty_ != buckets_.end() || bucket->second.capacity() > kRoomAtFirst) {
    buckets_.erase(bucket);
  } else {
    empty_ = bucket;
  }
}
