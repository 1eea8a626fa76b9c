#include "core/http/endpoints.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "core/http/snapshot.h"
#include "core/http/snapshot_json.h"
#include "core/protocol/json_text.h"

// /health, /ready, /stats (docs/protocol.md, "D. HTTP"). In: a request that is no upgrade, on the
// loop of its connection. Out: the whole response. Load balancers ask often and anybody may ask, so
// answers must be cheap on a loop that has peers: /health and /ready read a few counters and the
// broker's status, and /stats, which walks all namespaces, is kept for a while (StatsCache). No
// answer repeats what a client wrote but an origin that has matched.
namespace peer {
namespace {

std::string health(const Node& node) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  return std::string("{\"status\":\"") + (node.draining ? "draining" : "ok") +
         "\",\"peers\":" + std::to_string(node.peer_count()) +
         ",\"max_peers\":" + std::to_string(node.config().max_peers) +
         ",\"timestamp\":" + std::to_string(seconds.count()) + "}";
}

// Sets the response's status, too.
std::string ready(Node& node, HttpResponse& response) {
  std::string reasons;
  if (node.draining) reasons = R"("draining")";
  if (const sdk::BrokerStatus broker = status_of_broker(node); !broker.ready) {
    if (!reasons.empty()) reasons.push_back(',');
    reasons.append("\"broker ").append(to_text(broker.state));
    if (broker.parts_away > 0) {
      reasons.append(", parts out of reach: ").append(std::to_string(broker.parts_away));
    }
    reasons.push_back('"');
  }
  response.status = reasons.empty() ? 200 : 503;
  return std::string("{\"ready\":") + (reasons.empty() ? "true" : "false") + ",\"reasons\":[" +
         reasons + "]}";
}

std::string plugin(const PluginInfo& info) {
  std::string json = "{\"name\":" + json_string(info.name);
  json.append(",\"version\":").append(json_string(info.version));
  if (info.label != info.name) json.append(",\"as\":").append(json_string(info.label));
  return json + "}";
}

// Of a kind with one plugin that, of one with several a list.
std::string plugins(const Node& node) {
  std::vector<std::pair<std::string, std::string>> kinds;
  std::vector<std::size_t> counts;
  for (const PluginInfo& info : node.plugins.infos()) {
    if (kinds.empty() || kinds.back().first != info.kind) {
      kinds.emplace_back(info.kind, plugin(info));
      counts.push_back(1);
      continue;
    }
    kinds.back().second.append(",").append(plugin(info));
    ++counts.back();
  }
  std::string json = "{";
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (i > 0) json.push_back(',');
    const auto& [kind, entries] = kinds[i];
    json.append(json_string(kind)).append(":");
    json.append(counts[i] == 1 ? entries : "[" + entries + "]");
  }
  return json + "}";
}

std::string stats(Node& node) {
  std::string namespaces;
  std::string rooms;
  std::size_t room_count = 0;
  // The costly part: each shard is locked while its names are copied.
  node.namespaces.visit([&](const std::string& name, std::size_t members, bool is_room) {
    if (is_room) ++room_count;
    if (is_room && !node.config().stats_list_rooms) return;
    std::string& list = is_room ? rooms : namespaces;
    if (!list.empty()) list.push_back(',');
    append_json_string(list, name);
    list.append(":").append(std::to_string(members));
  });
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(steady_now() - node.started);
  std::string json = "{\"total_peers\":" + std::to_string(node.peer_count()) +
                     ",\"max_peers\":" + std::to_string(node.config().max_peers) +
                     ",\"namespaces\":{" + namespaces +
                     "},\"shards\":" + std::to_string(node.config().shard_count) +
                     ",\"rooms\":" + std::to_string(room_count);
  if (node.config().stats_list_rooms) json.append(",\"room_list\":{").append(rooms).append("}");
  json.append(",\"node_id\":\"").append(node.node_id).append("\"");
  json.append(",\"uptime_seconds\":").append(std::to_string(uptime.count()));
  const Snapshot snapshot = take_snapshot(node);
  json.append(",\"messages\":").append(messages_json(snapshot.messages));
  json.append(",\"broker\":").append(broker_json(snapshot.broker));
  json.append(",\"network\":")
      .append(network_json(snapshot.network, node.config().max_queued_bytes));
  json.append(",\"sessions\":").append(sessions_json(snapshot.sessions));
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

}  // namespace

void allow_pages(const HttpRequest& request, HttpResponse& response) {
  const auto& allowed = EventLoop::current()->options().allowed_origins;
  if (allowed.empty()) {
    response.extra.emplace_back("Access-Control-Allow-Origin", "*");
    return;
  }
  response.extra.emplace_back("Vary", "Origin");
  const std::string* origin = request.count("Origin") == 1 ? request.find("Origin") : nullptr;
  // One that matches has no byte that could end the line.
  if (origin != nullptr &&
      std::any_of(allowed.begin(), allowed.end(),
                  [&](const OriginPattern& pattern) { return pattern.matches(*origin); })) {
    response.extra.emplace_back("Access-Control-Allow-Origin", *origin);
  }
}

HttpResponse refuse_method(const char* allowed) {
  HttpResponse refused = error_response(405);
  refused.extra.emplace_back("Allow", allowed);
  return refused;
}

namespace {

HttpResponse respond(Node& node, const HttpRequest& request, bool loopback) {
  // A GET of it is an upgrade, and the connection's own business.
  if (is_path(request.path, node.config().path)) return refuse_method("GET");
  constexpr std::array<std::string_view, 3> kPaths{"/health", "/ready", "/stats"};
  if (std::find(kPaths.begin(), kPaths.end(), request.path) == kPaths.end()) {
    HttpResponse refused = error_response(404);
    // Pages of a dialect's clients ask here too, with a wrong key in the path.
    if (!node.plugins.dialects.empty()) allow_pages(request, refused);
    return refused;
  }
  if (request.method != "GET" && request.method != "HEAD") return refuse_method("GET, HEAD");
  HttpResponse response;
  response.extra.emplace_back("Cache-Control", "no-store");
  if (request.path == "/stats") {
    // A page that is switched off looks as if it did not exist.
    if (!may_read_stats(node, loopback)) return error_response(404);
    response.body = node.stats_cache.get([&] { return stats(node); });
    return response;
  }
  allow_pages(request, response);
  if (request.path == "/ready") {
    response.body = ready(node, response);
  } else {
    // While a node drains it serves on, but a load balancer should send nobody new.
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
