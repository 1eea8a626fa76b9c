#include "broker_node.h"

#include <atomic>
#include <stdexcept>
#include <utility>

#include "hostile.h"
#include "process.h"

// The core of one node, as a broker sees it. In: calls of the broker's BrokerHost, on any thread.
// Out: a line for each in NodeLog, which tests wait for; no test sleeps.
namespace peer::sdk::contract {
namespace {

std::string line(std::string_view what, std::string_view of = {}, std::string_view more = {}) {
  std::string text(what);
  if (!of.empty()) text.append(" ").append(of);
  if (!more.empty()) text.append(" ").append(more);
  return text;
}

}  // namespace

RouteOutcome NodeLog::deliver(const DirectedMessage& message) noexcept {
  note(line("message", name_of(message.to), message.text));
  return RouteOutcome::kDelivered;
}
std::size_t NodeLog::deliver(const NamespaceMessage& message) noexcept {
  note(line("broadcast", message.ns, message.text));
  return 1;
}
void NodeLog::replaced(const Registered& peer) noexcept {
  note(line("replaced", name_of(peer.peer)));
}
void NodeLog::alias_lost(const Registered& peer) noexcept {
  note(line("alias_lost", name_of(peer.peer)));
}
void NodeLog::member_joined(std::string_view ns, const Fingerprint& peer,
                            std::string_view object) noexcept {
  note(line(line("member_joined", ns), name_of(peer), object));
}
void NodeLog::member_left(std::string_view ns, const Fingerprint& peer) noexcept {
  note(line("member_left", ns, name_of(peer)));
}
void NodeLog::members_known(std::string_view ns, std::span<const MemberEntry>) noexcept {
  note(line("members_known", ns));
}
void NodeLog::room_changed(const RoomNews& news) noexcept {
  note(line("room_changed", news.room_id, news.room.state));
}
void NodeLog::kicked(std::string_view room_id, const Fingerprint& target,
                     const Fingerprint&) noexcept {
  note(line("kicked", room_id, name_of(target)));
}
void NodeLog::room_closed(std::string_view room_id, const Registered& peer) noexcept {
  note(line("room_closed", room_id, name_of(peer.peer)));
}
void NodeLog::member_reaped(std::string_view room_id, const Fingerprint& peer) noexcept {
  note(line("member_reaped", room_id, name_of(peer)));
}
void NodeLog::ticket_added(std::string_view ns, const SharedTicket& ticket) noexcept {
  note(line("ticket_added", ns, std::to_string(ticket.id)));
}
void NodeLog::ticket_removed(std::string_view ns, TicketId ticket) noexcept {
  note(line("ticket_removed", ns, std::to_string(ticket)));
}
void NodeLog::ticket_waits(std::string_view ns, TicketId ticket) noexcept {
  note(line("ticket_waits", ns, std::to_string(ticket)));
}
void NodeLog::matching_moved(std::string_view ns) noexcept { note(line("matching_moved", ns)); }
void NodeLog::matched(const MatchNews& match) noexcept {
  std::string peers;
  for (const MatchedPeer& peer : match.peers)
    peers += (peers.empty() ? "" : ",") + std::to_string(peer.ticket);
  note(line(line("matched", match.ns), match.session_id, peers));
}
void NodeLog::revoked(const Fingerprint& peer, std::string_view message) noexcept {
  note(line("revoked", name_of(peer), message));
}

void NodeLog::node_says(std::string_view node, std::string_view text) noexcept {
  note("node_says " + std::string(node) + " " + std::string(text));
}

// What holds the stream up is let go at once, as by a core that has nothing to do.
void NodeLog::peer_taken(const Registered& peer, std::shared_ptr<void>) noexcept {
  note("peer_taken " + name_of(peer.peer));
}

void NodeLog::member_away(std::string_view ns, const Fingerprint& peer, bool away,
                          std::span<const Fingerprint> told) noexcept {
  std::string text = line(away ? "member_away" : "member_back", ns, name_of(peer));
  for (const Fingerprint& knows : told) text += " but " + name_of(knows);
  note(std::move(text));
}
void NodeLog::member_updated(std::string_view ns, const Fingerprint& peer, std::string_view text,
                             std::span<const Fingerprint> told) noexcept {
  std::string all = line(line("member_updated", ns), name_of(peer), text);
  for (const Fingerprint& knows : told) all += " but " + name_of(knows);
  note(std::move(all));
}
void NodeLog::update_watched(std::string_view ns, const Registered& peer, std::string_view before,
                             std::string_view after) noexcept {
  note(line(line(line("update_watched", ns), name_of(peer.peer), before), after));
}

void NodeLog::note(std::string text) noexcept {
  {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(text));
  }
  changed_.notify_all();
}

bool NodeLog::hears(const std::string& start, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] {
    for (const std::string& text : lines_) {
      if (text.starts_with(start)) return true;
    }
    return false;
  });
}

std::vector<std::string> NodeLog::heard(const std::string& start) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> found;
  for (const std::string& text : lines_) {
    if (text.starts_with(start)) found.push_back(text);
  }
  return found;
}

std::size_t NodeLog::count() {
  const std::lock_guard lock(mutex_);
  return lines_.size();
}

BrokerNode::BrokerNode(const BrokerCase& with, const std::string& node_id)
    : log_(node_id), made_(make<Broker>(with.plugin)) {
  made_->start(log_);
  const Result<void> started = made_.host->start();
  if (!started) throw std::runtime_error("it does not start: " + started.error().message);
}

void BrokerNode::stop() {
  if (made_.object == nullptr) return;
  made_->stop();
  made_.host->stop();
  made_.object.reset();
}

bool BrokerNode::connects(std::chrono::milliseconds patience) {
  return becomes([this] { return made_->status().state == BrokerStatus::State::kConnected; },
                 patience);
}

Registered registered(std::uint32_t peer) {
  static std::atomic<std::uint64_t> last{0};
  return {peer_number(peer), ++last};
}

std::string name_of(const Fingerprint& peer) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < 4; ++i) {
    text += kHex[peer.bytes[i] >> 4U];
    text += kHex[peer.bytes[i] & 15U];
  }
  return text;
}

}  // namespace peer::sdk::contract
