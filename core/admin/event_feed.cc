#include "core/admin/event_feed.h"

#include <algorithm>
#include <utility>

#include "core/base/packed_bytes.h"
#include "core/protocol/json_text.h"

// Events on their way out of the node. In: what the loops have told (Events), when something waits;
// what other nodes have told; once a second, as long as somebody reads, what was dropped. Out:
// server-sent events for each reader, and ten times a second what readers of other nodes want. A
// reader that is slow, or has gone, is found out when it is written to, and once a second it is; a
// node with readers says so each second. So nothing is told for longer than it is read.
namespace peer {
namespace {

constexpr milliseconds kTick{1'000};
constexpr milliseconds kWatchLasts{4'000};
constexpr milliseconds kFlush{100};
constexpr std::size_t kMostAtOnce = 256 * 1024;  // bytes for one node in one flush
constexpr std::size_t kMostWatchers = 256;
constexpr std::uint64_t kMostOfNode = 20'000;  // events in one text

// https://html.spec.whatwg.org/multipage/server-sent-events.html, "Parsing an event stream". JSON
// has no line breaks but escaped ones.
void append_event(std::string& out, const Event& event, std::string_view node) {
  out.append("event: ").append(to_text(event.kind)).append("\ndata: ");
  out.append(event_json(event, node)).append("\n\n");
}

bool is_node_id(std::string_view text) {
  return text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_sound(const Event& event) {
  return event.members.find_first_of("\r\n") == std::string::npos &&
         is_valid_json("{" + event.members + "}");
}

}  // namespace

EventFeed::EventFeed(Node& node, EventLoop& loop, NodeTalk& talk)
    : node_(node), loop_(loop), talk_(talk) {
  node.events.use_taker([this] { loop_.post([this] { take(); }); });
}

void EventFeed::add_reader(ConnectionRef to, EventSet kinds, std::string_view head) {
  if (!loop_.stream(to, head, kMostUnread)) return;
  readers_.push_back({to, kinds});
  want();
  watch_others();
  keep_ticking();
}

void EventFeed::watch(const std::string& from, std::uint64_t kinds) {
  if (!is_node_id(from)) return;
  const bool is_new = !watchers_.contains(from);
  if (is_new && watchers_.size() >= kMostWatchers) return;
  Watcher& watcher = watchers_[from];
  watcher.kinds = static_cast<EventSet>(kinds) & kAllEvents;
  watcher.until = loop_.now() + kWatchLasts;
  want();
  keep_ticking();
}

void EventFeed::keep_ticking() {
  if (std::exchange(ticks_, true)) return;
  dropped_ = count_drops();
  loop_.schedule(loop_.now() + kTick, [this] { tick(); });
}

void EventFeed::use_webhooks(std::vector<WebhookSender*> webhooks) {
  take();
  webhooks_ = std::move(webhooks);
  want();
}

void EventFeed::take() {
  const Events::Taken taken = node_.events.take();
  node_.api_counts->events_lost += taken.lost;
  for (const Event& event : taken.events) {
    for (WebhookSender* webhook : webhooks_) {
      if (webhook->wants(event)) webhook->push(event);
    }
  }
  collect(taken);
  hand_out(taken, node_.node_id);
}

void EventFeed::hand_out(const Events::Taken& taken, std::string_view node) {
  EventSet written = 0;
  std::string text;
  std::erase_if(readers_, [&](const Reader& reader) {
    // Most readers want the same, and get the same bytes.
    if (text.empty() || written != reader.kinds) {
      text.clear();
      written = reader.kinds;
      for (const Event& event : taken.events) {
        if ((set_of(event.kind) & reader.kinds) != 0) append_event(text, event, node);
      }
      if (taken.lost > 0) {
        text.append("event: lost\ndata: {\"count\":").append(std::to_string(taken.lost));
        text.append(",\"node\":\"").append(node).append("\",\"ts\":");
        text.append(std::to_string(loop_.wall().time_since_epoch().count())).append("}\n\n");
      }
    }
    return !text.empty() && !write(reader, text);
  });
}

// False: it has gone, or is cut.
bool EventFeed::write(const Reader& reader, std::string_view text) {
  return loop_.stream(reader.to, text, kMostUnread);
}

// Ten times a second is soon enough, and one text carries what many events would.
void EventFeed::collect(const Events::Taken& taken) {
  if (watchers_.empty()) return;
  for (auto& [name, watcher] : watchers_) {
    watcher.lost += taken.lost;
    for (const Event& event : taken.events) {
      if ((set_of(event.kind) & watcher.kinds) == 0) continue;
      if (watcher.events.size() > kMostAtOnce) {
        ++watcher.lost;
        continue;
      }
      PackedWriter writer;
      writer.number(static_cast<std::uint64_t>(event.kind));
      writer.number(static_cast<std::uint64_t>(event.at)).text(event.members);
      watcher.events.append(writer.take());
    }
  }
  if (std::exchange(flushes_, true)) return;
  loop_.schedule(loop_.now() + kFlush, [this] { flush_watchers(); });
}

void EventFeed::flush_watchers() {
  flushes_ = false;
  for (auto& [name, watcher] : watchers_) {
    if (watcher.events.empty() && watcher.lost == 0) continue;
    talk_.say(name, NodeTalk::Kind::kEvents, std::exchange(watcher.lost, 0), watcher.events);
    watcher.events.clear();
  }
}

void EventFeed::take_from(const std::string& from, std::uint64_t lost, std::string_view body) {
  if (readers_.empty() || !is_node_id(from)) return;
  Events::Taken taken;
  taken.lost = lost;
  PackedReader reader(body);
  while (!reader.is_at_end() && taken.events.size() < kMostOfNode) {
    const std::uint64_t kind = reader.number();
    Event event;
    event.at = static_cast<std::int64_t>(reader.number());
    event.members = reader.text();
    if (!reader.good()) return;
    // Kinds that are not known are of newer nodes.
    if (kind >= kEventKinds || !is_sound(event)) continue;
    event.kind = static_cast<EventKind>(kind);
    taken.events.push_back(std::move(event));
  }
  hand_out(taken, from);
}

EventSet EventFeed::read_here() const {
  EventSet kinds = 0;
  for (const Reader& reader : readers_) kinds |= reader.kinds;
  return kinds;
}

EventSet EventFeed::want() {
  EventSet wanted = read_here();
  for (const auto& [name, watcher] : watchers_) wanted |= watcher.kinds;
  for (const WebhookSender* webhook : webhooks_) wanted |= webhook->kinds();
  node_.api_counts->event_readers = readers_.size();
  node_.events.want(wanted);
  return wanted;
}

void EventFeed::watch_others() {
  const EventSet kinds = read_here();
  if (kinds == 0) return;
  for (const std::string& node : talk_.others()) {
    talk_.say(node, NodeTalk::Kind::kWatch, kinds, {});
  }
}

void EventFeed::tick() {
  tell_drops();
  // A comment: readers skip it, and those that have gone are found.
  std::erase_if(readers_, [this](const Reader& reader) { return !write(reader, ":\n\n"); });
  std::erase_if(watchers_, [this](const auto& entry) { return entry.second.until <= loop_.now(); });
  watch_others();
  want();
  ticks_ = !readers_.empty() || !watchers_.empty();
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
