#include "core/http/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/http/process_usage.h"
#include "core/http/snapshot.h"

#ifndef PEER_SERVER_VERSION
#error "the build says which version this is"
#endif

// The text of /metrics, on the loop of the endpoint. In: a Snapshot, the counters of the loops, the
// process and the plugins. Out: Prometheus' text format. docs/operating.md, "Metrics", describes
// each family; a test compares the two.
namespace peer {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;
using Seconds = std::chrono::duration<double>;

class Families {
 public:
  Families& family(const char* name, const char* help, MetricType type) {
    families_.push_back({std::string("peer_server_") + name, help, type, {}});
    return *this;
  }
  Families& counter(const char* name, const char* help) {
    return family(name, help, MetricType::Counter);
  }
  Families& gauge(const char* name, const char* help) {
    return family(name, help, MetricType::Gauge);
  }
  Families& histogram(const char* name, const char* help) {
    return family(name, help, MetricType::Histogram);
  }
  /// A value of the family that was begun last.
  template <typename Number>
  Families& value(Number number, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    const auto value = static_cast<double>(number);
    if (families_.back().type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }
  template <std::size_t kBuckets>
  Families& value(const std::vector<const DurationHistogram<kBuckets>*>& parts,
                  Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    std::uint64_t count = 0;
    for (std::size_t bucket = 0; bucket <= kBuckets; ++bucket) {
      // Prometheus wants running totals: each bucket counts the smaller ones, too.
      for (const auto* part : parts) count += part->count(bucket);
      if (bucket == kBuckets) break;
      // The parts are histograms of one thing, so their bounds are the same.
      const Seconds bound = parts.front()->bounds()[bucket];
      metric.histogram.bucket.push_back({count, bound.count()});
    }
    metric.histogram.sample_count = count;
    for (const auto* part : parts) metric.histogram.sample_sum += Seconds(part->sum()).count();
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }
  [[nodiscard]] std::string text() const {
    return prometheus::TextSerializer().Serialize(families_);
  }

 private:
  std::vector<MetricFamily> families_;
};

void add_peers(Families& out, Node& node, const Snapshot& snapshot) {
  const NamespaceDirectory::Counts counts = node.namespaces.count();
  out.gauge("peers", "Registered peers.").value(snapshot.peers);
  out.gauge("max_peers", "How many may be.").value(snapshot.max_peers);
  out.gauge("namespaces", "Namespaces with members on this node, rooms not included.")
      .value(counts.namespaces);
  out.gauge("rooms", "Rooms on this node.").value(counts.rooms);
  out.gauge("tickets", "Waiting match tickets of this node's peers.").value(snapshot.tickets);
  out.histogram("match_wait_seconds", "From the match request to the match.")
      .value<8>({&node.matching->waits()});
}

void add_managed_rooms(Families& out, Node& node) {
  out.gauge("rooms_waiting", "Rooms of these without members, which wait for them.")
      .value(node.namespaces.empty_rooms());
  const Passwords::Counts passwords = node.rooms.passwords().counts();
  out.counter("passwords_total",
              "Passwords of rooms that were looked at, by what has become of it.")
      .value(passwords.hashed, {{"result", "hashed"}})
      .value(passwords.matched, {{"result", "right"}})
      .value(passwords.wrong, {{"result", "wrong"}})
      .value(passwords.failed, {{"result", "failed"}});
  out.counter("passwords_refused_total", "Passwords whose peers were to try again later.")
      .value(passwords.refused);
  out.gauge("passwords_waiting", "Passwords that wait, with the one that is looked at.")
      .value(passwords.waiting);
}

void add_network(Families& out, const Snapshot::Network& network, std::uint64_t peers) {
  out.gauge("connections", "Connections now, by state.")
      .value(network.unregistered, {{"state", "unregistered"}})
      .value(peers, {{"state", "registered"}});
  out.counter("connections_accepted_total", "Connections accepted.").value(network.accepted);
  out.counter("connections_refused_total", "Connections turned away, by the key or the reason.");
  // From 1 on: kNone is no refusal.
  for (std::size_t i = 1; i < kRefusalCount; ++i) {
    out.value(network.refusals[i], {{"reason", std::string(to_text(static_cast<Refusal>(i)))}});
  }
  out.counter("received_bytes_total", "Bytes read from clients, TLS undone.")
      .value(network.received_bytes);
  out.counter("sent_bytes_total", "Bytes written to clients, before TLS.")
      .value(network.sent_bytes);
  out.gauge("queued_bytes", "Bytes that clients' sockets have not taken yet.")
      .value(network.queued_bytes);
}

void add_sessions(Families& out, const Snapshot::Sessions& sessions) {
  out.gauge("sessions", "Sessions that may be resumed, by state.")
      .value(sessions.resumable - std::min(sessions.away, sessions.resumable),
             {{"state", "connected"}})
      .value(sessions.away, {{"state", "away"}})
      .value(sessions.parked, {{"state", "parked"}});
  out.counter("sessions_resumed_total", "Sessions that were resumed.").value(sessions.resumed);
  out.counter("sessions_expired_total", "Sessions that went away and did not come back.")
      .value(sessions.expired);
  out.counter("sessions_not_parked_total",
              "Sessions that ended with this node, for want of resume_parked_bytes or of time.")
      .value(sessions.not_parked);
  out.counter("sessions_replayed_total", "Messages that were sent again on a resume.")
      .value(sessions.replayed);
}

void add_certificate(Families& out, const Node& node) {
  const std::int64_t ends = node.certificate_ends;
  // Without TLS there is no such metric: a 0 would be an alert.
  if (ends == 0) return;
  out.gauge("tls_certificate_expiry_seconds",
            "Unix time at which the certificate of new connections ends; subtract time() for what "
            "is left.")
      .value(ends);
}

void add_configuration(Families& out, const Node& node) {
  out.gauge("config_last_reload_successful",
            "1: the last reload of the configuration took effect, or there was none yet; 0: it was "
            "refused.")
      .value(node.reload_succeeded ? 1 : 0);
  out.gauge("config_last_reload_success_timestamp_seconds",
            "Unix time of the last reload that took effect, or of the start.")
      .value(node.configured_at.load());
}

void add_messages(Families& out, const Snapshot::Messages& messages) {
  out.counter("websocket_messages_received_total", "WebSocket messages received.")
      .value(messages.received);
  out.counter("websocket_messages_sent_total", "WebSocket messages queued for clients.")
      .value(messages.sent);
  out.counter("messages_dropped_total", "Messages that were not delivered, by reason.")
      .value(messages.dropped, {{"reason", "send_buffer"}})
      .value(messages.mail_dropped, {{"reason", "loop_mailbox"}});
  out.counter("messages_total", "Messages of registered peers that were handled, by type.");
  for (std::size_t type = 0; type < kMessageTypeCount; ++type) {
    out.value(messages.by_type[type],
              {{"type", std::string(to_text(static_cast<MessageType>(type)))}});
  }
  out.counter("message_errors_total", "Error replies, by the message's type and the code.");
  for (std::size_t type = 0; type < kMessageTypeCount; ++type) {
    for (std::size_t code = 0; code < kErrorCodes.size(); ++code) {
      // Each type has a series from the start, and a further one for each code that has occurred.
      // All of them would be more than a hundred zeros.
      if (messages.errors[type][code] == 0 && code != 0) continue;
      out.value(messages.errors[type][code],
                {{"type", std::string(to_text(static_cast<MessageType>(type)))},
                 {"code", std::to_string(kErrorCodes[code])}});
    }
  }
  out.counter("rate_limited_total", "Messages that found their peer's bucket empty.")
      .value(messages.rate_limited);
}

void add_loops(Families& out, const Node& node) {
  out.histogram("loop_lag_seconds", "From handing a task to an event loop to its start, by loop.");
  for (std::size_t i = 0; i < node.loop_states.size(); ++i) {
    out.value<7>({&node.loop_states[i]->lag}, {{"loop", std::to_string(i)}});
  }
}

Labels labels_of(const PluginRecord& record) {
  return {{"kind", record.info.kind}, {"name", record.info.label}};
}

void add_plugins(Families& out, const Node& node) {
  const auto each = [&](auto number) {
    node.plugins.each([&](const PluginRecord& record) {
      out.value(number(record.calls.counts()), labels_of(record));
    });
  };
  out.counter("plugin_calls_total", "Calls into plugins.");
  each([](const PluginCallCounts& counts) { return counts.calls; });
  out.counter("plugin_errors_total", "Calls that threw, or were answered wrongly or not at all.");
  each([](const PluginCallCounts& counts) { return counts.errors; });
  out.counter("plugin_slow_calls_total", "Calls that took longer than their budget.");
  each([](const PluginCallCounts& counts) { return counts.slow; });
}

// One family for each name, whichever plugins count under it; the help is that of the first.
void add_plugin_counters(Families& out, const Node& node) {
  struct Value {
    const PluginRecord& record;
    PluginCounter counter;
  };
  std::map<std::string, std::vector<Value>> by_name;
  node.plugins.each([&](const PluginRecord& record) {
    for (PluginCounter& counter : record.host.counters()) {
      by_name[counter.name].push_back({record, counter});
    }
  });
  for (const auto& [name, values] : by_name) {
    const std::string family = "plugin_" + name + "_total";
    out.counter(family.c_str(), values.front().counter.help.c_str());
    for (const Value& value : values) out.value(value.counter.value, labels_of(value.record));
  }
}

void add_broker(Families& out, const sdk::BrokerStatus& status) {
  using State = sdk::BrokerStatus::State;
  out.gauge("broker_state", "1 for the state that the broker is in.");
  for (const State state :
       {State::kStandalone, State::kConnected, State::kDegraded, State::kResyncing}) {
    out.value(status.state == state ? 1 : 0, {{"state", std::string(to_text(state))}});
  }
  out.gauge("broker_nodes", "Live nodes that the broker knows, this one included.")
      .value(status.nodes);
  out.gauge("broker_parts_away", "Of several parts of what nodes share: how many are out of reach.")
      .value(status.parts_away);
  out.gauge("broker_latency_seconds", "The broker's latest round trip.")
      .value(Seconds(status.latency).count());
  out.counter("broker_dropped_total", "Messages for other nodes that were dropped.")
      .value(status.dropped);
  out.gauge("broker_queued_messages", "Messages that wait for the broker to come back.")
      .value(status.queued_messages);
  out.gauge("broker_queued_bytes", "Bytes of these.").value(status.queued_bytes);
  out.gauge("broker_pending", "Operations that the broker has not answered.").value(status.pending);
}

// What nobody has asked for has no series.
void add_api(Families& out, const Node& node) {
  const ApiCounts& counts = *node.api_counts;
  if (node.config().admin_port != 0) {
    out.counter("api_requests_total", "Requests to the Server API that were answered, by status.");
    for (std::size_t i = 0; i < ApiCounts::kStatuses.size(); ++i) {
      const int status = ApiCounts::kStatuses[i];
      out.value(counts.requests[i].load(),
                {{"code", status == 0 ? std::string("other") : std::to_string(status)}});
    }
    out.histogram("api_request_seconds", "From a request to the Server API to its answer.")
        .value<6>({&counts.duration});
    out.gauge("api_event_readers", "Readers of the stream of events, now.")
        .value(counts.event_readers.load());
    out.counter("api_events_lost_total", "Events that did not fit on their way to who reads them.")
        .value(counts.events_lost.load());
  }
  if (node.config().webhooks.empty()) return;
  out.counter("webhook_events_total", "Events for webhooks, by what has become of them.")
      .value(counts.webhook_delivered.load(), {{"result", "delivered"}})
      .value(counts.webhook_dropped.load(), {{"result", "dropped"}});
  out.counter("webhook_failures_total", "Requests to webhooks that were not answered with 2xx.")
      .value(counts.webhook_failed.load());
  out.gauge("webhook_waiting_events", "Events that wait for a webhook to take them.")
      .value(counts.webhook_waiting.load());
}

void add_process(Families& out, const Node& node) {
  const ProcessUsage usage = process_usage();
  out.gauge("build_info", "1; the labels say what runs.")
      .value(1, {{"version", PEER_SERVER_VERSION}, {"node_id", node.node_id}});
  out.gauge("start_time_seconds", "Unix time of the start.")
      .value(Seconds(node.started_at.time_since_epoch()).count());
  out.gauge("uptime_seconds", "Since the start.")
      .value(Seconds(steady_now() - node.started).count());
  out.counter("process_cpu_seconds_total", "CPU time, user and system.").value(usage.cpu_seconds);
  out.gauge("process_resident_memory_bytes", "Resident memory.").value(usage.resident_bytes);
  out.gauge("process_open_fds", "Open file descriptors.").value(usage.open_fds);
  out.gauge("process_max_fds", "How many there may be.").value(usage.max_fds);
  out.counter("log_lines_lost_total", "Log lines that the log did not take.")
      .value(lost_log_lines());
}

}  // namespace

std::string render_metrics(Node& node) {
  const Snapshot snapshot = take_snapshot(node);
  Families out;
  add_peers(out, node, snapshot);
  add_managed_rooms(out, node);
  add_network(out, snapshot.network,
              snapshot.peers - std::min<std::uint64_t>(snapshot.sessions.away, snapshot.peers));
  add_sessions(out, snapshot.sessions);
  add_certificate(out, node);
  add_configuration(out, node);
  add_messages(out, snapshot.messages);
  add_loops(out, node);
  add_plugins(out, node);
  add_plugin_counters(out, node);
  add_broker(out, snapshot.broker);
  add_api(out, node);
  add_process(out, node);
  return out.text();
}

}  // namespace peer
