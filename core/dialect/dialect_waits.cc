#include "core/dialect/dialect_waits.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/packed_bytes.h"
#include "core/dialect/foreign_peer.h"
#include "core/session/session_record.h"

// In: who waits for whom, on the loops of those who wait; who has come, here or on another node.
// Out: tasks for the loops of those who wait, and two words for other nodes. Nothing is kept here
// of what waits but a number of bytes.
namespace peer {
namespace {

// As MoveStep (core/session/session_moves.h), of another set: 32 to 63 are for dialects.
constexpr std::uint64_t kAwaits = 32;  // this peer
constexpr std::uint64_t kArrived = 33;
// What other nodes wait for is known so long: none of them waits longer.
constexpr milliseconds kRemembered = DialectWaits::kLongest;
constexpr std::size_t kMostElsewhere = 100'000;

}  // namespace

void DialectWaits::wait(const Fingerprint& target, SessionRef sender, Time until) {
  std::uint64_t number = 0;
  {
    const MutexLock lock(mutex_);
    Wait& wait = waits_[target];
    const auto known = std::find(wait.senders.begin(), wait.senders.end(), sender);
    if (known == wait.senders.end()) wait.senders.push_back(sender);
    if (wait.number != 0) return;
    number = wait.number = ++last_;
  }
  // Behind the entry: whoever registers from here on finds it.
  EventLoop& loop = node_.loop_of(sender);
  loop.schedule(until, [this, target, number] { end(target, number, End::kOver); });
  for (const std::string& other : node_.others.nodes()) tell(other, kAwaits, target);
}

void DialectWaits::arrived(const Fingerprint& peer) {
  std::map<std::string, Time> others;
  {
    const MutexLock lock(mutex_);
    const auto at = elsewhere_.find(peer);
    if (at != elsewhere_.end()) {
      others = std::move(at->second);
      elsewhere_.erase(at);
    }
  }
  const Time now = steady_now();
  for (const auto& [node, ends] : others) {
    if (ends > now) tell(node, kArrived, peer);
  }
  end(peer, 0, End::kArrived);
}

void DialectWaits::end(const Fingerprint& target, std::uint64_t number, End end) {
  std::vector<SessionRef> senders;
  {
    const MutexLock lock(mutex_);
    const auto at = waits_.find(target);
    if (at == waits_.end() || (number != 0 && at->second.number != number)) return;
    senders = std::move(at->second.senders);
    waits_.erase(at);
  }
  wake(target, senders, end);
}

void DialectWaits::wake(const Fingerprint& target, const std::vector<SessionRef>& senders,
                        End end) {
  for (const SessionRef sender : senders) {
    EventLoop& loop = node_.loop_of(sender);
    loop.post([&loop, sender, target, is_over = end == End::kOver] {
      Session* session = find_session(loop, sender);
      if (session == nullptr || !session->foreign) return;
      static_cast<ForeignPeer*>(session)->go_on(target, is_over);
    });
  }
}

void DialectWaits::tell(std::string_view to, std::uint64_t step, const Fingerprint& peer) {
  PackedWriter writer;
  writer.number(step).text(bytes_of(peer));
  node_.others.tell_node(to, writer.take());
}

void DialectWaits::hear(std::string_view from, std::string_view text) {
  PackedReader reader(text);
  const std::uint64_t step = reader.number();
  const std::optional<Fingerprint> peer = read_hash(reader.text());
  if (!reader.good() || !peer) return;
  if (step == kArrived) return end(*peer, 0, End::kArrived);
  if (step != kAwaits) return;
  {
    const MutexLock lock(mutex_);
    const Time now = steady_now();
    if (next_sweep_ <= now) {
      next_sweep_ = now + kRemembered;
      for (auto& [name, nodes] : elsewhere_) {
        std::erase_if(nodes, [&](const auto& node) { return node.second <= now; });
      }
      std::erase_if(elsewhere_, [](const auto& entry) { return entry.second.empty(); });
    }
    if (elsewhere_.size() < kMostElsewhere) {
      elsewhere_[*peer][std::string(from)] = now + kRemembered;
    }
  }
  // It may have come while the word was on its way. One that is a member of nothing has not yet.
  if (!node_.peers.namespaces_of(*peer).empty()) tell(from, kArrived, *peer);
}

bool DialectWaits::take_bytes(std::size_t bytes) {
  const std::size_t before = bytes_.fetch_add(bytes);
  if (before + bytes <= node_.config().max_queued_bytes) return true;
  bytes_ -= bytes;
  return false;
}

}  // namespace peer
