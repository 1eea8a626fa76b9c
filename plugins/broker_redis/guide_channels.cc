#include "guide_channels.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace peer_redis {

using peer::sdk::DirectedMessage;
using peer::sdk::NamespaceMessage;

namespace {

/// ms since the epoch.
std::string now_text() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

}  // namespace

void GuideChannels::publish(std::string_view name, std::string_view json, bool counts) {
  const std::string channel = options_.guide_channel(name);
  link_.publish(channel, json, [this, counts](const Reply* reply) {
    if (counts && (!has_answered(reply))) ++shared_.dropped;
  });
}

void GuideChannels::publish(const Directed& message, bool routed) {
  if (!options_.legacy_channels || !link_.part().is_only()) return;
  // The core writes the type first (core/wire/notices.cc), so nothing is parsed.
  const bool relay = message.text.starts_with(R"({"type":"relay")");
  const Fields namespaces = unpack(message.namespaces).value_or(Fields());
  publish(relay ? "relay" : "signal",
          render_guide_message(message.text, self_, options_.db, namespaces, routed), !routed);
}

void GuideChannels::publish(const Broadcast& message) {
  const std::string_view ns = message.ns;
  publish("broadcast", render_guide_message(message.text, self_, options_.db, {&ns, 1}, true),
          false);
}

bool GuideChannels::take(std::string_view json) {
  auto message = parse_guide_message(json);
  const auto from = message ? from_hex(message->from) : std::nullopt;
  if (!from) return false;
  // This node's own messages come back to it, and other databases of the same Redis share the
  // channels.
  if (message->node_id != self_ && message->db.value_or(options_.db) == options_.db) {
    if (message->ts.empty()) message->ts = now_text();
    message->type == "broadcast" ? deliver_broadcast(*message, *from)
                                 : deliver_signal(*message, *from);
  }
  return true;
}

// As clients of other nodes write it: a fingerprint in either case, or an alias of a peer here.
std::optional<Fingerprint> GuideChannels::find_named(std::string_view name) const {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto peer = from_hex(lower);
  return peer ? peer : mirror_.holder_of(name);
}

void GuideChannels::deliver_signal(GuideMessage& message, const Fingerprint& from) {
  const auto to = find_named(message.to);
  if (!to || *to == from || message.routed || (!message.namespaces && options_.legacy_strict)) {
    return;
  }
  message.to = to_hex(*to);
  std::vector<std::string_view> namespaces;
  if (message.namespaces) {
    namespaces.assign(message.namespaces->begin(), message.namespaces->end());
  }
  const std::string text = message.client_text();
  DirectedMessage delivery{from, *to, namespaces, text};
  delivery.namespaces_unknown = !message.namespaces;
  delivery.is_checked = message.is_checked;
  host_.deliver(delivery);
}

void GuideChannels::deliver_broadcast(const GuideMessage& message, const Fingerprint& from) {
  if (message.routed) return;
  const bool is_told = message.namespaces.has_value();
  if (is_told ? std::find(message.namespaces->begin(), message.namespaces->end(), message.ns) ==
                    message.namespaces->end()
              : options_.legacy_strict) {
    return;
  }
  std::vector<Fingerprint> exclude;
  for (const std::string& name : message.exclude) {
    if (const auto peer = find_named(name)) exclude.push_back(*peer);
  }
  host_.deliver(
      NamespaceMessage{message.ns, from, exclude, message.client_text(), message.is_checked});
}

}  // namespace peer_redis
