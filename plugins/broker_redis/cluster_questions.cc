#include <algorithm>
#include <map>
#include <utility>

#include "cluster_node.h"

// Questions to several parts: each is asked for what is in it, and what they say is put together.
// If one cannot say, the whole cannot be known.
namespace peer_redis {

using peer::sdk::ListedRoom;
using peer::sdk::ResolveOutcome;
using peer::sdk::RoomPage;

namespace {

/// Answers that are on their way. Shared by those that ask.
template <typename Whole>
struct Gathered {
  Whole whole{};
  std::size_t missing = 0;
  bool known = true;
};

}  // namespace

void ClusterNode::resolve(const std::vector<std::string>& aliases,
                          const ReplyTo<ResolveOutcome>& reply) {
  if (parts_.size() == 1) return parts_.front()->peers().resolve(aliases, reply);
  std::map<Part*, std::vector<std::size_t>> by_part;
  for (std::size_t i = 0; i < aliases.size(); ++i) by_part[&part_of(aliases[i])].push_back(i);
  const auto gathered = std::make_shared<Gathered<ResolveOutcome>>();
  gathered->missing = by_part.size();
  gathered->whole.holders.resize(aliases.size());
  if (by_part.empty()) return any_part().peers().resolve(aliases, reply);
  for (const auto& [part, indices] : by_part) {
    std::vector<std::string> names;
    for (const std::size_t index : indices) names.push_back(aliases[index]);
    part->peers().resolve(names, [gathered, indices = indices, reply](ResolveOutcome answer) {
      gathered->known = gathered->known && answer.known;
      for (std::size_t i = 0; i < indices.size() && i < answer.holders.size(); ++i) {
        gathered->whole.holders[indices[i]] = answer.holders[i];
      }
      if (--gathered->missing > 0) return;
      gathered->whole.known = gathered->known;
      reply(std::move(gathered->whole));
    });
  }
}

void ClusterNode::list_rooms(std::uint64_t after, std::uint32_t limit,
                             const ReplyTo<std::optional<RoomPage>>& reply) {
  if (parts_.size() == 1) return parts_.front()->rooms().list(after, limit, reply);
  const auto gathered = std::make_shared<Gathered<RoomPage>>();
  gathered->missing = parts_.size();
  // What a part has not shown lies behind the last room that it has: nothing behind that counts.
  const auto end = std::make_shared<std::optional<std::uint64_t>>();
  for (const auto& part : parts_) {
    part->rooms().list(
        after, limit, [gathered, end, after, limit, reply](std::optional<RoomPage> page) {
          gathered->known = gathered->known && page.has_value();
          if (page) {
            auto& rooms = gathered->whole.rooms;
            if (page->more) {
              const std::uint64_t last = page->rooms.empty() ? after : page->rooms.back().place;
              *end = std::min(end->value_or(last), last);
            }
            rooms.insert(rooms.end(), page->rooms.begin(), page->rooms.end());
          }
          if (--gathered->missing > 0) return;
          if (!gathered->known) return reply(std::nullopt);
          auto& rooms = gathered->whole.rooms;
          std::sort(rooms.begin(), rooms.end(), [](const ListedRoom& a, const ListedRoom& b) {
            return std::pair(a.place, a.room_id) < std::pair(b.place, b.room_id);
          });
          const std::size_t found = rooms.size();
          if (*end)
            std::erase_if(rooms, [&](const ListedRoom& room) { return room.place > **end; });
          if (rooms.size() > limit) rooms.resize(limit);
          gathered->whole.more = *end || rooms.size() < found;
          reply(std::move(gathered->whole));
        });
  }
}

}  // namespace peer_redis
