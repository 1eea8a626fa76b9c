#include "core/dialect/direct_mail.h"

#include <optional>
#include <utility>

#include "core/dialect/foreign_peer.h"
#include "core/dispatch/handlers.h"

// The messages of one foreign peer for others of its realm, on its loop. In: messages, answers of
// other nodes, and who comes or does not come (DialectWaits). Out: signals, and what has waited in
// vain, for the plugin. Nothing is kept for a receiver that is on this node and has nothing waiting
// before: that is what most of them are.
namespace peer {
namespace {

constexpr std::size_t kItemOverhead = 256;

bool is_done(sdk::RouteOutcome outcome) {
  return outcome == sdk::RouteOutcome::kDelivered || outcome == sdk::RouteOutcome::kDropped;
}

}  // namespace

void DirectMail::send(std::string_view id, std::string_view payload, milliseconds wait) {
  if (id != known_id_) {
    known_target_ = sender_.entry().host.fingerprint_of(id);
    known_id_ = id;
  }
  const Fingerprint target = known_target_;
  const auto at = queues_.find(target);
  std::optional<sdk::RouteOutcome> outcome;
  if (at == queues_.end()) {
    Message message;
    message.type = MessageType::kSignal;
    outcome = signal_here({sender_.node(), sender_, message}, target, payload);
    if (outcome && (is_done(*outcome) || wait == milliseconds(0))) return;
  } else if (at->second.waits && wait == milliseconds(0)) {
    return;
  }
  Queue* const known = at == queues_.end() ? nullptr : &at->second;
  if (!take_room(known, payload.size() + kItemOverhead)) {
    if (wait != milliseconds(0)) sender_.tell_undelivered(id);
    return;
  }
  Queue& queue = known == nullptr ? queues_[target] : *known;
  queue.items.push_back({std::string(payload), wait});
  if (known != nullptr) return;
  queue.id = id;
  if (!outcome) return ask_others(target, queue);
  if (settle(target, *outcome)) try_first(target);
}

void DirectMail::go_on(const Fingerprint& target, bool is_over) {
  const auto at = queues_.find(target);
  if (at == queues_.end()) return;
  at->second.waits = false;
  at->second.last = at->second.last || is_over;
  try_first(target);
}

void DirectMail::drop_all() {
  queues_.clear();
  sender_.entry().waits.give_bytes(std::exchange(waiting_bytes_, 0));
}

bool DirectMail::take_room(const Queue* queue, std::size_t bytes) {
  const NetOptions& options = sender_.loop().options();
  const bool fits = (queue == nullptr || queue->items.size() < options.send_buffer_size) &&
                    waiting_bytes_ + bytes <= options.send_buffer_bytes &&
                    sender_.entry().waits.take_bytes(bytes);
  if (fits) waiting_bytes_ += bytes;
  return fits;
}

// The first, and those behind it as long as the answers come at once.
void DirectMail::try_first(const Fingerprint& target) {
  for (;;) {
    const auto at = queues_.find(target);
    if (at == queues_.end() || at->second.asked || at->second.waits) return;
    if (at->second.items.empty()) return forget(target);
    Message message;
    message.type = MessageType::kSignal;
    const auto outcome =
        signal_here({sender_.node(), sender_, message}, target, at->second.items.front().payload);
    if (!outcome) return ask_others(target, at->second);
    if (!settle(target, *outcome)) return;
  }
}

// The queue may be gone when this returns: the answer may come at once.
void DirectMail::ask_others(const Fingerprint& target, Queue& queue) {
  queue.asked = true;
  Message message;
  message.type = MessageType::kSignal;
  signal_elsewhere({sender_.node(), sender_, message}, target, queue.items.front().payload,
                   [this, target](Session&, sdk::RouteOutcome outcome) {
                     const auto at = queues_.find(target);
                     if (at == queues_.end()) return;
                     at->second.asked = false;
                     if (settle(target, outcome)) try_first(target);
                   });
}

// What has become of the first. True: the next one may be tried.
bool DirectMail::settle(const Fingerprint& target, sdk::RouteOutcome outcome) {
  Queue& queue = queues_.at(target);
  if (is_done(outcome) || queue.items.front().wait == milliseconds(0)) {
    drop_first(queue);
    return true;
  }
  const bool is_over = queue.last || (queue.until != Time() && queue.until <= sender_.loop().now());
  if (!is_over) {
    wait_for(target, queue);
    return false;
  }
  const std::string missing = std::move(queue.id);
  forget(target);
  sender_.tell_undelivered(missing);
  return false;
}

void DirectMail::wait_for(const Fingerprint& target, Queue& queue) {
  queue.waits = true;
  drop_what_does_not_wait(queue);
  EventLoop& loop = sender_.loop();
  if (queue.until == Time()) queue.until = loop.now() + queue.items.front().wait;
  sender_.entry().waits.wait(target, sender_.ref(), queue.until);
  // It may have come between the answer and this.
  if (std::exchange(queue.looked_again, true) ||
      sender_.node().peers.namespaces_of(target).empty()) {
    return;
  }
  loop.post([&loop, ref = sender_.ref(), target] {
    Session* session = find_session(loop, ref);
    if (session == nullptr || !session->foreign) return;
    static_cast<ForeignPeer*>(session)->go_on(target, false);
  });
}

// It stands there since it was not known yet whether the receiver is.
void DirectMail::drop_what_does_not_wait(Queue& queue) {
  std::erase_if(queue.items, [this](const Queue::Item& item) {
    if (item.wait != milliseconds(0)) return false;
    give_room(item);
    return true;
  });
}

void DirectMail::give_room(const Queue::Item& item) {
  const std::size_t bytes = item.payload.size() + kItemOverhead;
  waiting_bytes_ -= bytes;
  sender_.entry().waits.give_bytes(bytes);
}

void DirectMail::drop_first(Queue& queue) {
  give_room(queue.items.front());
  queue.items.pop_front();
}

void DirectMail::forget(const Fingerprint& target) {
  const auto at = queues_.find(target);
  while (!at->second.items.empty()) drop_first(at->second);
  queues_.erase(at);
}

}  // namespace peer
