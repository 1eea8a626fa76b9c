#include "core/http/endpoints.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "core/protocol/json_text.h"

namespace peer {
namespace {

std::string health(const Node& node) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  return std::string("{\"status\":\"") + (node.draining ? "draining" : "ok") +
         "\",\"peers\":" + std::to_string(node.peers.count()) +
         ",\"max_peers\":" + std::to_string(node.config().max_peers) +
         ",\"timestamp\":" + std::to_string(seconds.count()) + "}";
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

sdk::BrokerStatus status_of_broker(Node& node) {
  return node.broker_calls.run("status", [&] { return node.plugins.broker->status(); })
      .value_or(sdk::BrokerStatus());
}

// Sets the response's status, too.
std::string ready(Node& node, HttpResponse& response) {
  std::string reasons;
  if (node.draining) reasons = R"("draining")";
  if (const sdk::BrokerStatus broker = status_of_broker(node); !broker.ready) {
    if (!reasons.empty()) reasons.push_back(',');
    reasons.append("\"broker ").append(to_text(broker.state)).append("\"");
  }
  response.status = reasons.empty() ? 200 : 503;
  return std::string("{\"ready\":") + (reasons.empty() ? "true" : "false") + ",\"reasons\":[" +
         reasons + "]}";
}

std::string broker(Node& node) {
  const sdk::BrokerStatus status = status_of_broker(node);
  std::string json = "{\"state\":\"" + std::string(to_text(status.state)) + "\"";
  const auto add = [&](const char* name, std::uint64_t value) {
    json.append(",\"").append(name).append("\":").append(std::to_string(value));
  };
  add("nodes", status.nodes);
  add("latency_us", static_cast<std::uint64_t>(std::max<std::int64_t>(status.latency.count(), 0)));
  add("dropped", status.dropped);
  add("queued_messages", status.queued_messages);
  add("queued_bytes", status.queued_bytes);
  add("pending", status.pending);
  return json + "}";
}

// {"received":n,"sent":n,"dropped":n,"errors":n,"rate_limited":n,"by_type":{...}}
std::string messages(const Node& node) {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t dropped = 0;
  std::uint64_t errors = 0;
  std::uint64_t rate_limited = 0;
  std::array<std::uint64_t, kMessageTypeCount> by_type{};
  for (std::size_t i = 0; i < node.loops.size(); ++i) {
    const LoopStats& stats = node.loops[i]->stats();
    received += stats.received;
    sent += stats.sent;
    dropped += stats.dropped;
    const LoopState& state = *node.loop_states[i];
    errors += state.errors;
    rate_limited += state.rate_limited;
    for (std::size_t type = 0; type < kMessageTypeCount; ++type) {
      by_type[type] += state.messages[type];
    }
  }
  std::string json =
      "{\"received\":" + std::to_string(received) + ",\"sent\":" + std::to_string(sent) +
      ",\"dropped\":" + std::to_string(dropped) + ",\"errors\":" + std::to_string(errors) +
      ",\"rate_limited\":" + std::to_string(rate_limited) + ",\"by_type\":{";
  for (std::size_t type = 0; type < kMessageTypeCount; ++type) {
    if (type > 0) json.push_back(',');
    append_json_string(json, to_text(static_cast<MessageType>(type)));
    json.append(":").append(std::to_string(by_type[type]));
  }
  return json + "}}";
}

// {"connections":n,"accepted":n,"unregistered":n,"refused":n,"queued_bytes":n,...}
std::string network(const Node& node) {
  std::uint64_t connections = 0;
  std::uint64_t accepted = 0;
  std::uint64_t shed = 0;
  std::uint64_t queued = 0;
  for (const auto& loop : node.loops) {
    const LoopStats& stats = loop->stats();
    connections += stats.connections;
    accepted += stats.accepted;
    shed += stats.shed;
    queued += stats.queued_bytes;
  }
  return "{\"connections\":" + std::to_string(connections) +
         ",\"accepted\":" + std::to_string(accepted) +
         ",\"unregistered\":" + std::to_string(node.admission.unregistered()) +
         ",\"refused\":" + std::to_string(node.admission.refused()) +
         ",\"shed\":" + std::to_string(shed) + ",\"queued_bytes\":" + std::to_string(queued) +
         ",\"max_queued_bytes\":" + std::to_string(node.config().max_queued_bytes) + "}";
}

std::string plugins(const Node& node) {
  std::string json = "{";
  for (const PluginInfo& info : node.plugins.infos) {
    if (json.size() > 1) json.push_back(',');
    append_json_string(json, info.kind);
    json.append(":{\"name\":").append(json_string(info.name));
    json.append(",\"version\":").append(json_string(info.version)).append("}");
  }
  return json + "}";
}

std::string stats(Node& node) {
  std::string namespaces;
  std::string rooms;
  std::size_t room_count = 0;
  node.namespaces.visit([&](const std::string& name, std::size_t members, bool is_room) {
    if (is_room) ++room_count;
    if (is_room && !node.config().stats_list_rooms) return;
    std::string& list = is_room ? rooms : namespaces;
    if (!list.empty()) list.push_back(',');
    append_json_string(list, name);
    list.append(":").append(std::to_string(members));
  });
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(steady_now() - node.started);
  std::string json = "{\"total_peers\":" + std::to_string(node.peers.count()) +
                     ",\"max_peers\":" + std::to_string(node.config().max_peers) +
                     ",\"namespaces\":{" + namespaces +
                     "},\"shards\":" + std::to_string(node.config().shard_count) +
                     ",\"rooms\":" + std::to_string(room_count);
  if (node.config().stats_list_rooms) json.append(",\"room_list\":{").append(rooms).append("}");
  json.append(",\"node_id\":\"").append(node.node_id).append("\"");
  json.append(",\"uptime_seconds\":").append(std::to_string(uptime.count()));
  json.append(",\"messages\":").append(messages(node));
  json.append(",\"broker\":").append(broker(node));
  json.append(",\"network\":").append(network(node));
  json.append(",\"plugins\":").append(plugins(node));
  return json + "}";
}

bool may_read_stats(const Node& node, bool loopback) {
  switch (node.config().stats_access) {
    case StatsAccess::kPublic:
      return true;
    case StatsAccess::kLoopback:
      return loopback;
    case StatsAccess::kOff:
      return false;
  }
  return false;
}

HttpResponse respond(Node& node, const HttpRequest& request, bool loopback) {
  // A GET of /ws is an upgrade, and the connection's own business.
  constexpr std::array<std::string_view, 4> kPaths{"/health", "/ready", "/stats", "/ws"};
  if (std::find(kPaths.begin(), kPaths.end(), request.path) == kPaths.end()) {
    return error_response(404);
  }
  const bool endpoint = request.path == "/ws";
  if (endpoint || (request.method != "GET" && request.method != "HEAD")) {
    HttpResponse refused = error_response(405);
    refused.extra.emplace_back("Allow", endpoint ? "GET" : "GET, HEAD");
    return refused;
  }
  HttpResponse response;
  response.extra.emplace_back("Cache-Control", "no-store");
  if (request.path == "/stats") {
    // What is switched off looks like what is not there.
    if (!may_read_stats(node, loopback)) return error_response(404);
    response.body = node.stats_cache.get([&] { return stats(node); });
    return response;
  }
  if (request.path == "/ready") {
    response.body = ready(node, response);
  } else {
    response.status = node.draining ? 503 : 200;
    response.body = health(node);
  }
  return response;
}

}  // namespace

std::string answer_http(Node& node, const HttpRequest& request, bool loopback) {
  HttpResponse response = respond(node, request, loopback);
  response.keep_alive = request.keep_alive;
  response.head_only = request.method == "HEAD";
  return render_response(response);
}

}  // namespace peer
