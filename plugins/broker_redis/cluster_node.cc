#include "cluster_node.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "part_choice.h"

namespace peer_redis {
namespace {

constexpr std::size_t kParts = 1;

}  // namespace

ClusterNode::ClusterNode(EventLoop& loop, const Options& options, peer::sdk::BrokerHost& host,
                         peer::sdk::PluginHost& plugin_host, SharedState& shared)
    : host_(host), shared_(shared), counts_(mirror_, shared) {
  for (std::size_t i = 0; i < kParts; ++i) {
    parts_.push_back(std::make_unique<Part>(
        Part::Common{loop, options, host, plugin_host, shared, mirror_, counts_}, i));
  }
}

Part& ClusterNode::part_of(const Fingerprint& peer) {
  return *parts_[part_of_peer(peer, parts_.size())];
}

Part& ClusterNode::part_of(std::string_view ns) { return *parts_[part_of_name(ns, parts_.size())]; }

void ClusterNode::start() {
  for (const auto& part : parts_) part->start();
}

void ClusterNode::leave_cluster(const Task& done) {
  const auto left = std::make_shared<std::size_t>(parts_.size());
  for (const auto& part : parts_) {
    part->leave([left, done] {
      if (--*left == 0) done();
    });
  }
}

void ClusterNode::stop() {
  for (const auto& part : parts_) part->stop();
}

void ClusterNode::recover(std::string_view what) {
  host_.log_warning("the thread of broker_redis failed and goes on: " + std::string(what));
  for (const auto& part : parts_) part->recover();
}

void ClusterNode::flush() {
  std::chrono::microseconds latency{0};
  std::uint64_t pending = 0;
  std::uint64_t queued_messages = shared_.posted_messages;
  std::uint64_t queued_bytes = shared_.posted_bytes;
  for (const auto& part : parts_) {
    part->flush();
    latency = std::max(latency, part->latency());
    pending += part->pending();
    queued_messages += part->queued_messages();
    queued_bytes += part->queued_bytes();
  }
  shared_.latency_us = latency.count();
  shared_.pending = pending;
  shared_.queued_messages = queued_messages;
  shared_.queued_bytes = queued_bytes;
}

}  // namespace peer_redis
