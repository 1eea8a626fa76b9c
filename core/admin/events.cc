#include <optional>
#include <utility>

#include "core/admin/event_feed.h"
#include "core/admin/routes.h"

// The stream of events in the Server API (docs/api.md, "Events").
namespace peer {
namespace {

// Without a length: it ends with the connection (RFC 9112 6.3).
constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";
// What tells a reader that it hears from now on.
constexpr std::string_view kHello = ":\n\n";

/// Of `kinds=register,leave`; all without. Nullopt: refused already.
std::optional<EventSet> read_kinds(const AdminCall& call, const AdminTarget& target) {
  if (target.query.count("kinds") == 0) return kAllEvents;
  EventSet kinds = 0;
  std::string_view text = target.value("kinds");
  while (true) {
    const std::size_t end = text.find(',');
    const auto kind = parse_event_kind(text.substr(0, end));
    if (!kind) {
      call.refuse(400, "kinds must be of register, leave, join, match, room, ban, drop");
      return std::nullopt;
    }
    kinds |= set_of(*kind);
    if (end == std::string_view::npos) return kinds;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

void stream_events(const AdminCall& call, const AdminTarget& target, const std::string&) {
  const auto kinds = read_kinds(call, target);
  if (!kinds) return;
  if (call.feed.is_full()) return call.refuse(429, "there are 32 readers of events already");
  call.note(200);
  if (call.head_only) return call.loop.answer(call.to, kHead, false);
  call.feed.add_reader(call.to, *kinds, std::string(kHead).append(kHello));
}

}  // namespace peer
