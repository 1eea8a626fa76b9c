#include "core/admin/node_details.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "core/base/log.h"
#include "core/http/process_usage.h"
#include "core/http/snapshot_json.h"

#ifndef PEER_SERVER_VERSION
#error "the build says which version this is"
#endif

// One node for the Server API. In: its counters, on the loop of the API. Out: one object. Values
// that /stats has as well are written by the same functions.
namespace peer {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string seconds_text(double seconds) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.3f", seconds);
  return text.data();
}

std::string loops_json(const Node& node, const LoopLags& lags) {
  std::string json = "[";
  for (std::size_t i = 0; i < lags.size(); ++i) {
    const LoopStats& stats = node.loops[i]->stats();
    json.append(i > 0 ? ",{" : "{");
    json.append("\"lag_ms\":").append(milliseconds_text(lags[i]));
    json.append(",\"connections\":").append(number(stats.connections));
    json.append(",\"received\":").append(number(stats.received));
    json.append(",\"sent\":").append(number(stats.sent));
    json.append(",\"dropped\":").append(number(stats.dropped + stats.mail_dropped));
    json.append(",\"queued_bytes\":").append(number(stats.queued_bytes)).append("}");
  }
  return json + "]";
}

std::string errors_json(const Snapshot::Messages& messages) {
  std::string json = "{";
  for (std::size_t code = 0; code < kErrorCodes.size(); ++code) {
    std::uint64_t count = 0;
    for (const auto& of_type : messages.errors) count += of_type[code];
    if (code > 0) json.push_back(',');
    json.append("\"").append(number(static_cast<std::uint64_t>(kErrorCodes[code]))).append("\":");
    json.append(number(count));
  }
  return json + "}";
}

std::string matches_json(const MatchWaits& waits) {
  std::uint64_t matched = 0;
  std::string buckets;
  for (std::size_t i = 0; i <= waits.bounds().size(); ++i) {
    if (i > 0) buckets.push_back(',');
    buckets.append("{");
    if (i < waits.bounds().size()) {
      const auto bound = std::chrono::duration_cast<milliseconds>(waits.bounds()[i]);
      buckets.append("\"up_to_ms\":").append(std::to_string(bound.count())).append(",");
    }
    buckets.append("\"count\":").append(number(waits.count(i))).append("}");
    matched += waits.count(i);
  }
  return "{\"matched\":" + number(matched) + ",\"waited_ms\":" + milliseconds_text(waits.sum()) +
         ",\"waits\":[" + buckets + "]}";
}

std::string process_json() {
  const ProcessUsage usage = process_usage(false);
  return "{\"cpu_seconds\":" + seconds_text(usage.cpu_seconds) +
         ",\"resident_bytes\":" + number(usage.resident_bytes) +
         ",\"max_fds\":" + number(usage.max_fds) +
         ",\"log_lines_lost\":" + number(lost_log_lines()) + "}";
}

}  // namespace

std::string milliseconds_text(std::chrono::microseconds duration) {
  const std::int64_t micros = std::max<std::int64_t>(duration.count(), 0);
  const std::string rest = std::to_string(micros % 1000);
  return std::to_string(micros / 1000) + "." + std::string(3 - rest.size(), '0') + rest;
}

std::string node_details_json(Node& node, const LoopLags& lags) {
  const Snapshot snapshot = take_snapshot(node);
  const NamespaceDirectory::Counts names = node.namespaces.count();
  const auto longest = std::max_element(lags.begin(), lags.end());
  const std::int64_t now = wall_now().time_since_epoch().count();
  std::string json = "{\"node\":\"" + node.node_id + "\",\"version\":\"" PEER_SERVER_VERSION "\"";
  json.append(",\"state\":\"").append(node.draining ? "draining" : "ok").append("\"");
  json.append(",\"now\":").append(std::to_string(now));
  json.append(",\"started_at\":")
      .append(std::to_string(node.started_at.time_since_epoch().count()));
  json.append(",\"configured_at\":").append(std::to_string(node.configured_at * 1000));
  json.append(",\"reload_succeeded\":").append(node.reload_succeeded ? "true" : "false");
  if (node.certificate_ends != 0) {
    json.append(",\"certificate_ends\":").append(std::to_string(node.certificate_ends * 1000));
  }
  json.append(",\"peers\":").append(number(snapshot.peers));
  json.append(",\"max_peers\":").append(number(snapshot.max_peers));
  json.append(",\"namespaces\":").append(number(names.namespaces));
  json.append(",\"rooms\":").append(number(names.rooms));
  json.append(",\"tickets\":").append(number(snapshot.tickets));
  json.append(",\"lag_ms\":")
      .append(milliseconds_text(longest == lags.end() ? std::chrono::microseconds(0) : *longest));
  json.append(",\"loops\":").append(loops_json(node, lags));
  json.append(",\"messages\":").append(messages_json(snapshot.messages));
  json.append(",\"errors\":").append(errors_json(snapshot.messages));
  json.append(",\"network\":")
      .append(network_json(snapshot.network, node.config().max_queued_bytes));
  json.append(",\"sessions\":").append(sessions_json(snapshot.sessions));
  json.append(",\"matches\":").append(matches_json(node.matching->waits()));
  json.append(",\"broker\":").append(broker_json(snapshot.broker));
  return json + ",\"process\":" + process_json() + "}";
}

}  // namespace peer
