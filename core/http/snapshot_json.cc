#include "core/http/snapshot_json.h"

#include <algorithm>
#include <string_view>

// Parts of a Snapshot as JSON, for /stats and the Server API. No state, any thread.
namespace peer {
namespace {

// The members `"name":value`, between braces.
class Numbers {
 public:
  Numbers& add(std::string_view name, std::uint64_t value) {
    json_.append(json_.size() > 1 ? ",\"" : "\"").append(name).append("\":");
    json_.append(std::to_string(value));
    return *this;
  }
  [[nodiscard]] std::string done() const { return json_ + "}"; }

 private:
  std::string json_ = "{";
};

}  // namespace

std::string broker_json(const sdk::BrokerStatus& status) {
  const auto latency = std::max<std::int64_t>(status.latency.count(), 0);
  const std::string numbers = Numbers()
                                  .add("nodes", status.nodes)
                                  .add("parts_away", status.parts_away)
                                  .add("latency_us", static_cast<std::uint64_t>(latency))
                                  .add("dropped", status.dropped)
                                  .add("queued_messages", status.queued_messages)
                                  .add("queued_bytes", status.queued_bytes)
                                  .add("pending", status.pending)
                                  .done();
  return "{\"state\":\"" + std::string(to_text(status.state)) + "\"," + numbers.substr(1);
}

std::string messages_json(const Snapshot::Messages& messages) {
  std::uint64_t errors = 0;
  Numbers by_type;
  for (std::size_t type = 0; type < kMessageTypeCount; ++type) {
    by_type.add(to_text(static_cast<MessageType>(type)), messages.by_type[type]);
    for (const std::uint64_t count : messages.errors[type]) errors += count;
  }
  std::string json = Numbers()
                         .add("received", messages.received)
                         .add("sent", messages.sent)
                         .add("dropped", messages.dropped + messages.mail_dropped)
                         .add("errors", errors)
                         .add("rate_limited", messages.rate_limited)
                         .done();
  json.pop_back();
  return json + ",\"by_type\":" + by_type.done() + "}";
}

std::string network_json(const Snapshot::Network& network, std::uint64_t max_queued_bytes) {
  Numbers refusals;
  for (std::size_t i = 1; i < kRefusalCount; ++i) {
    refusals.add(to_text(static_cast<Refusal>(i)), network.refusals[i]);
  }
  std::string json = Numbers()
                         .add("connections", network.connections)
                         .add("accepted", network.accepted)
                         .add("unregistered", network.unregistered)
                         .add("refused", network.refused)
                         .add("shed", network.shed)
                         .add("received_bytes", network.received_bytes)
                         .add("sent_bytes", network.sent_bytes)
                         .add("queued_bytes", network.queued_bytes)
                         .add("max_queued_bytes", max_queued_bytes)
                         .done();
  json.pop_back();
  return json + ",\"refusals\":" + refusals.done() + "}";
}

std::string sessions_json(const Snapshot::Sessions& sessions) {
  return Numbers()
      .add("resumable", sessions.resumable)
      .add("away", sessions.away)
      .add("parked", sessions.parked)
      .add("resumed", sessions.resumed)
      .add("expired", sessions.expired)
      .add("replayed", sessions.replayed)
      .done();
}

}  // namespace peer
