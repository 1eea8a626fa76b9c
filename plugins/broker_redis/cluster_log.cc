#include "cluster_log.h"

#include <utility>

#include "failure_text.h"
#include "version_text.h"

namespace peer_redis {

bool ClusterLog::is_first(std::set<std::string>& told, std::string what) {
  constexpr std::size_t kMax = 32;
  // Texts may come from Redis: their number must not grow without an end.
  return told.size() < kMax && told.insert(std::move(what)).second;
}

void ClusterLog::failed(std::string_view why) {
  if (why == kOtherVersion) return;  // refused() has told it
  const auto [kind, line] = describe_failure(redis_(), why);
  if (is_first(told_failures_, kind)) warn(line);
}

void ClusterLog::refused(std::string_view node, std::string_view version) {
  if (is_first(told_failures_, "version")) warn(text_of_refusal(redis_(), node, version));
}

void ClusterLog::connected(std::size_t nodes, std::uint64_t lost) {
  const bool is_new = std::exchange(is_new_link_, false);
  if (told_failures_.empty()) {
    if (!is_new) return;  // Redis was put right, over the link that there was
    return plugin_host_.log_notice("connected to Redis at " + redis_() +
                                   "; nodes: " + std::to_string(nodes));
  }
  told_failures_.clear();
  std::string line = "Redis is back; this node is part of the cluster again";
  if (lost > 0) {
    line += "; " + std::to_string(lost) + " messages for other nodes were lost meanwhile";
  }
  warn(line);
}

void ClusterLog::data_lost(std::string_view epoch) {
  if (epoch.ends_with('r')) {
    warn("Redis has restarted with its data; this node puts right what has changed since");
  } else if (epoch.ends_with('o')) {
    warn("Redis has lost the latest of its data; this node puts back what it knows");
  } else {
    warn("Redis has lost its data; this node puts back what it knows");
  }
}

void ClusterLog::full(Time now) {
  if (full_told_ && now - *full_told_ < std::chrono::minutes(1)) return;
  full_told_ = now;
  warn("Redis at " + redis_() +
       " is full: new peers and members are refused (503 \"cluster full\"); raise its 'maxmemory'");
}

void ClusterLog::strangers(const std::vector<std::string>& nodes_and_versions) {
  for (std::size_t i = 0; i + 1 < nodes_and_versions.size(); i += 2) {
    const std::string& node = nodes_and_versions[i];
    const std::string& version = nodes_and_versions[i + 1];
    if (is_first(told_strangers_, node)) warn(text_of_stranger(node, version));
  }
}

void ClusterLog::strange_envelope(char major) {
  if (is_first(told_strangers_, std::string("version ") + major)) {
    warn(text_of_strange_envelope(major));
  }
}

}  // namespace peer_redis
