#include "plugins/broker_kit/cluster_view.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "plugins/broker_kit/stable_hash.h"

namespace peer_broker_kit {
namespace {

std::uint64_t weight(std::string_view subject, std::string_view node) {
  return StableHash().add(node).add(subject).value();
}

}  // namespace

std::string_view chosen_node(std::string_view subject, const std::vector<std::string>& nodes) {
  std::string_view chosen;
  std::uint64_t best = 0;
  for (const std::string& node : nodes) {
    const std::uint64_t own = weight(subject, node);
    // The name decides between equal weights, so that all nodes choose the same.
    if (!chosen.empty() && (own < best || (own == best && node < chosen))) continue;
    chosen = node;
    best = own;
  }
  return chosen;
}

bool ClusterView::set_nodes(std::vector<std::string> nodes) {
  if (nodes == nodes_) return false;
  nodes_ = std::move(nodes);
  return true;
}

void ClusterView::hear_of(std::string_view node) {
  if (std::find(nodes_.begin(), nodes_.end(), node) != nodes_.end()) return;
  if (std::find(nodes_before_.begin(), nodes_before_.end(), node) != nodes_before_.end()) return;
  if (nodes_before_.size() < kMaxHeardOf) nodes_before_.emplace_back(node);
}

std::set<std::string_view> ClusterView::neighbours() const {
  std::set<std::string_view> all(nodes_.begin(), nodes_.end());
  all.insert(nodes_before_.begin(), nodes_before_.end());
  return all;
}

}  // namespace peer_broker_kit
