#include "core/room/room_store.h"

#include <utility>

#include "core/protocol/json_text.h"
#include "core/wire/notices.h"

namespace peer {

void tell_room(Events* events, std::string_view room, std::string_view change, sdk::Instant now,
               std::string_view more) {
  if (events == nullptr || !events->wanted(EventKind::kRoom)) return;
  std::string members = "\"room_id\":" + json_string(room);
  members.append(",\"change\":\"").append(change).append("\"").append(more);
  events->tell(EventKind::kRoom, std::move(members), now);
}

Joiner joiner_of(const RoomTask& task, bool alone) {
  const Newcomer& newcomer = *task.newcomer;
  return {newcomer.where,
          newcomer.peer.peer,
          newcomer.object,
          newcomer.quiet ? FrameRef()
                         : peer_joined_frame(newcomer.peer.peer, task.question.name,
                                             newcomer.object, task.loop.wall()),
          alone && !newcomer.quiet,
          newcomer.watches};
}

PageLimit page_limit(const RoomTask& task) {
  PageLimit limit{kJoinPage, task.newcomer->page_bytes};
  if (task.newcomer->quiet) {
    limit.peers = 0;  // show_alone()
    return limit;
  }
  if (task.newcomer->into != Newcomer::Into::kNamespace) {
    limit.peers = task.change.room.max_size;
    limit.lists_all = true;
  }
  if (task.newcomer->watches.presence) limit.away = PageLimit::Away::kNamed;
  return limit;
}

void show_alone(const Newcomer& newcomer, PeerPage& page) {
  const std::size_t total = page.total;
  page = make_page({newcomer.object}, {1, newcomer.page_bytes});
  page.total = total;
}

}  // namespace peer
