#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/dispatch/handlers.h"
#include "core/room/room_rules.h"
#include "core/session/replies.h"
#include "core/wire/notices.h"

// Lists of public rooms. In: a request, on the loop of its session, whose further messages wait.
// The store gives rooms in the order of their creation; for each, the policy of its name says what
// the peer sees of it. Out: one page. Rooms that are not for the peer are passed over, a bounded
// number of them; then the page is a short one, and the client goes on behind it.
namespace peer {
namespace {

// The store is asked so often for one page.
constexpr int kMostRounds = 10;
// The words and punctuation around the rooms, a `next` of twenty digits.
constexpr std::size_t kOverhead = 100;

/// One request at work.
struct Listing {
  Node& node;
  Operation operation;
  std::string id;
  std::uint32_t limit;
  std::uint64_t after;     ///< the place of the last room that has been looked at
  int rounds = 0;          ///< how often the store has been asked
  std::string rooms{};     ///< JSON, each with a comma behind it
  std::uint32_t listed{};  ///< rooms in it
};

// Nullopt: the room is not for that peer.
std::optional<std::string> entry_for(const Node& node, const Session& session,
                                     const ListedRoom& room) {
  if (!may_use_namespace(session, room.name)) return std::nullopt;
  const Served<sdk::RoomPolicy>& by = node.policies.of(room.name);
  if (!node.room_traits[by.index].lists_rooms) return std::nullopt;
  const sdk::RoomViewer viewer{session.fingerprint, session.proved, session.loop().wall()};
  const auto members = entry_of(by, room.name, room.room, viewer);
  if (!members) return std::nullopt;
  std::string entry = room_payload(room.name, room.room);
  entry.append(",\"peer_count\":").append(std::to_string(room.members));
  entry.append(*members).append("}");
  return entry;
}

// Takes rooms into the page. Returns whether there is room for others.
bool take(Listing& listing, const Session& session, const RoomPage& page) {
  const std::size_t most = listing.node.config().max_peer_list_size;
  for (const ListedRoom& room : page.rooms) {
    if (listing.listed == listing.limit) return false;
    if (const auto entry = entry_for(listing.node, session, room)) {
      const std::size_t size = listing.rooms.size() + entry->size() + listing.id.size();
      // One room stands there in any case, or else the client would ask for it for ever.
      if (listing.listed > 0 && size + kOverhead > most) return false;
      listing.rooms.append(*entry).append(",");
      ++listing.listed;
    }
    listing.after = room.place;
  }
  return listing.listed < listing.limit;
}

void answer(const Listing& listing, Session& session, bool more) {
  std::string payload = "{\"rooms\":[" + listing.rooms;
  if (listing.listed > 0) payload.pop_back();
  payload.push_back(']');
  if (more) payload.append(",\"next\":\"").append(std::to_string(listing.after)).append("\"");
  reply(session, "room_list", listing.id, payload + "}");
}

void look_on(std::unique_ptr<Listing> listing) {
  Listing& at_work = *listing;
  ++at_work.rounds;
  at_work.node.rooms.store().list(at_work.operation.loop(), at_work.after, at_work.limit,
                                  [listing = std::move(listing)](const RoomPage& page) mutable {
                                    Session* session = session_of(listing->operation);
                                    if (session == nullptr) return;
                                    const bool has_room = take(*listing, *session, page);
                                    const bool seen_all = page.rooms.empty() ||
                                                          listing->after == page.rooms.back().place;
                                    const bool more = page.more || !seen_all;
                                    if (!more || !has_room || listing->rounds == kMostRounds) {
                                      return answer(*listing, *session, more);
                                    }
                                    look_on(std::move(listing));
                                  });
}

}  // namespace

void handle_list_rooms(const Call& call) {
  ListRoomsRequest request;
  if (!call.read(request)) return;
  look_on(std::make_unique<Listing>(Listing{
      call.node, call.session.hold(), std::string(call.message.id), request.limit, request.after}));
}

}  // namespace peer
