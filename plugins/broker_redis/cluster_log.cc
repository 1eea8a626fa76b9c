#include "cluster_log.h"

#include <chrono>
#include <utility>

#include "failure_text.h"
#include "version_text.h"

namespace peer_redis {
namespace {

/// Within which losses of several parts of one Redis are one.
constexpr std::chrono::seconds kOneLoss{10};

}  // namespace

bool ClusterLog::is_first(std::set<std::string>& told, std::string what) {
  constexpr std::size_t kMax = 32;
  // Texts may come from Redis: their number must not grow without an end.
  return told.size() < kMax && told.insert(std::move(what)).second;
}

void ClusterLog::failed(std::string_view why) {
  told_.connected.erase(part_);
  if (why == kOtherVersion) return;  // refused() has told it
  const auto [kind, line] = describe_failure(redis_(), why);
  if (is_first(told_.failures, key_of(kind))) warn(line);
}

void ClusterLog::refused(std::string_view node, std::string_view version) {
  if (is_first(told_.failures, key_of("version"))) warn(text_of_refusal(redis_(), node, version));
}

void ClusterLog::refused_parts(std::string_view node, std::string_view parts) {
  // One of several parts says the same as the others.
  if (is_first(told_.failures, "parts"))
    warn(text_of_other_parts(redis_(), node, parts, told_.parts));
}

void ClusterLog::connected(std::size_t nodes, std::uint64_t lost) {
  told_.connected.insert(part_);
  told_.lost += lost;
  if (told_.connected.size() < told_.parts) return;
  const bool is_new = std::exchange(told_.is_new_link, false);
  lost = std::exchange(told_.lost, 0);
  if (told_.failures.empty()) {
    if (!is_new) return;  // Redis was put right, over the link that there was
    return plugin_host_.log_notice("connected to Redis at " + redis_() +
                                   "; nodes: " + std::to_string(nodes));
  }
  told_.failures.clear();
  std::string line = "Redis is back; this node is part of the cluster again";
  if (lost > 0) {
    line += "; " + std::to_string(lost) + " messages for other nodes were lost meanwhile";
  }
  warn(line);
}

void ClusterLog::data_lost(std::string_view epoch) {
  std::string line;
  if (epoch.ends_with("mr")) {
    line =
        "Redis at " + redis_() + " has the data now; this node puts right what has changed since";
  } else if (epoch.ends_with('r')) {
    line = "Redis has restarted with its data; this node puts right what has changed since";
  } else if (epoch.ends_with('o')) {
    line = "Redis has lost the latest of its data; this node puts back what it knows";
  } else {
    line = "Redis has lost its data; this node puts back what it knows";
  }
  // Several parts may be on one Redis, and find out one after the other.
  const Time now = Clock::now();
  const auto [told, is_new] = told_.losses.try_emplace(redis_() + ' ' + line, now);
  if (told_.parts > 1 && !is_new && now - told->second < kOneLoss) return;
  told->second = now;
  warn(line);
}

void ClusterLog::full(Time now) {
  if (told_.full && now - *told_.full < std::chrono::minutes(1)) return;
  told_.full = now;
  warn("Redis at " + redis_() +
       " is full: new peers and members are refused (503 \"cluster full\"); raise its 'maxmemory'");
}

void ClusterLog::strangers(const std::vector<std::string>& nodes_and_versions) {
  for (std::size_t i = 0; i + 1 < nodes_and_versions.size(); i += 2) {
    const std::string& node = nodes_and_versions[i];
    const std::string& version = nodes_and_versions[i + 1];
    if (is_first(told_.strangers, node)) warn(text_of_stranger(node, version));
  }
}

void ClusterLog::strange_envelope(char major) {
  if (is_first(told_.strangers, std::string("version ") + major)) {
    warn(text_of_strange_envelope(major));
  }
}

}  // namespace peer_redis
