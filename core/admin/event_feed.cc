#include "core/admin/event_feed.h"

#include <algorithm>
#include <utility>

// Events on their way out of the node. In: what the loops have told (Events), when something waits;
// once a second, as long as somebody reads, what they have dropped. Out: server-sent events for
// each reader. A reader that is slow, or has gone, is found out when it is written to, and once a
// second it is: so the readers of a second are all that events are told for.
namespace peer {
namespace {

constexpr milliseconds kTick{1'000};

// https://html.spec.whatwg.org/multipage/server-sent-events.html, "Parsing an event stream". JSON
// has no line breaks but escaped ones.
void append_event(std::string& out, const Event& event, std::string_view node) {
  out.append("event: ").append(to_text(event.kind)).append("\ndata: ");
  out.append(event_json(event, node)).append("\n\n");
}

}  // namespace

EventFeed::EventFeed(Node& node, EventLoop& loop) : node_(node), loop_(loop) {
  node.events.use_taker([this] { loop_.post([this] { take(); }); });
}

void EventFeed::add_reader(ConnectionRef to, EventSet kinds, std::string_view head) {
  if (!loop_.stream(to, head, kMostUnread)) return;
  readers_.push_back({to, kinds});
  want();
  if (std::exchange(ticks_, true)) return;
  dropped_ = count_drops();
  loop_.schedule(loop_.now() + kTick, [this] { tick(); });
}

void EventFeed::take() { hand_out(node_.events.take()); }

void EventFeed::hand_out(const Events::Taken& taken) {
  EventSet written = 0;
  std::string text;
  std::erase_if(readers_, [&](const Reader& reader) {
    // Most readers want the same, and get the same bytes.
    if (text.empty() || written != reader.kinds) {
      text.clear();
      written = reader.kinds;
      for (const Event& event : taken.events) {
        if ((set_of(event.kind) & reader.kinds) != 0) append_event(text, event, node_.node_id);
      }
      if (taken.lost > 0) {
        text.append("event: lost\ndata: {\"count\":").append(std::to_string(taken.lost));
        text.append(",\"node\":\"").append(node_.node_id).append("\",\"ts\":");
        text.append(std::to_string(loop_.wall().time_since_epoch().count())).append("}\n\n");
      }
    }
    return !text.empty() && !loop_.stream(reader.to, text, kMostUnread);
  });
}

EventSet EventFeed::want() {
  EventSet wanted = 0;
  for (const Reader& reader : readers_) wanted |= reader.kinds;
  node_.events.want(wanted);
  return wanted;
}

void EventFeed::tick() {
  tell_drops();
  // A comment: readers skip it, and those that have gone are found.
  std::erase_if(readers_, [this](const Reader& reader) {
    return !loop_.stream(reader.to, ":\n\n", kMostUnread);
  });
  ticks_ = want() != 0;
  if (ticks_) loop_.schedule(loop_.now() + kTick, [this] { tick(); });
}

EventFeed::Drops EventFeed::count_drops() const {
  Drops drops;
  for (const auto& loop : node_.loops) {
    drops.send_buffer += loop->stats().dropped;
    drops.loop_mailbox += loop->stats().mail_dropped;
  }
  return drops;
}

void EventFeed::tell_drops() {
  const Drops before = std::exchange(dropped_, count_drops());
  const auto tell = [&](std::uint64_t count, const char* reason) {
    if (count == 0 || !node_.events.wanted(EventKind::kDrop)) return;
    std::string members = "\"count\":" + std::to_string(count);
    node_.events.tell(EventKind::kDrop, members + ",\"reason\":\"" + reason + "\"", loop_.wall());
  };
  tell(dropped_.send_buffer - before.send_buffer, "send_buffer");
  tell(dropped_.loop_mailbox - before.loop_mailbox, "loop_mailbox");
}

}  // namespace peer
