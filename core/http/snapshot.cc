#include "core/http/snapshot.h"

namespace peer {
namespace {

// One loop's part of the sums.
void add_loop(Snapshot& snapshot, const LoopStats& stats) {
  Snapshot::Messages& messages = snapshot.messages;
  messages.received += stats.received;
  messages.sent += stats.sent;
  messages.dropped += stats.dropped;
  messages.mail_dropped += stats.mail_dropped;
  Snapshot::Network& network = snapshot.network;
  network.connections += stats.connections;
  network.accepted += stats.accepted;
  network.queued_bytes += stats.queued_bytes;
  network.received_bytes += stats.received_bytes;
  network.sent_bytes += stats.sent_bytes;
}

void add_loop(Snapshot& snapshot, const LoopState& state) {
  Snapshot::Messages& messages = snapshot.messages;
  messages.rate_limited += state.rate_limited;
  for (std::size_t type = 0; type < kMessageTypeCount; ++type) {
    messages.by_type[type] += state.messages[type];
    for (std::size_t code = 0; code < kErrorCodes.size(); ++code) {
      messages.errors[type][code] += state.errors.count(type, code);
    }
  }
}

}  // namespace

sdk::BrokerStatus status_of_broker(Node& node) {
  sdk::BrokerStatus status =
      node.broker_calls.run("status", [&] { return node.plugins.broker->status(); })
          .value_or(sdk::BrokerStatus());
  // An older broker has anything there.
  if (node.plugins.broker.record->revision < 7) status.parts_away = 0;
  return status;
}

std::string_view to_text(sdk::BrokerStatus::State state) {
  switch (state) {
    case sdk::BrokerStatus::State::kStandalone:
      return "standalone";
    case sdk::BrokerStatus::State::kConnected:
      return "connected";
    case sdk::BrokerStatus::State::kDegraded:
      return "degraded";
    case sdk::BrokerStatus::State::kResyncing:
      return "resyncing";
  }
  return "unknown";
}

// Nothing is stopped meanwhile: each number is right when it is read, but two of them may differ by
// what happened in between.
Snapshot take_snapshot(Node& node) {
  Snapshot snapshot;
  snapshot.sessions.parked = node.resumes.parked;
  snapshot.peers = node.peer_count();
  snapshot.max_peers = node.peers.max_peers();
  snapshot.tickets = node.matching->waiting();
  for (const auto& loop : node.loops) add_loop(snapshot, loop->stats());
  for (const auto& state : node.loop_states) add_loop(snapshot, *state);
  snapshot.network.unregistered = node.admission.unregistered();
  snapshot.network.refused = node.admission.refused();
  for (std::size_t i = 0; i < kRefusalCount; ++i) {
    snapshot.network.refusals[i] = node.admission.refusals().count(static_cast<Refusal>(i));
  }
  snapshot.network.shed = node.admission.refusals().count(Refusal::kDescriptors);
  snapshot.sessions.resumable = node.resumes.resumable;
  snapshot.sessions.away = node.resumes.away();
  snapshot.sessions.resumed = node.resumes.resumed;
  snapshot.sessions.expired = node.resumes.expired;
  snapshot.sessions.replayed = node.resumes.replayed;
  snapshot.sessions.not_parked = node.resumes.not_parked;
  snapshot.broker = status_of_broker(node);
  return snapshot;
}

}  // namespace peer
