#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peer_broker_kit {

/// Which of `nodes` does something for `subject`: the same on all nodes that see the same nodes,
/// and when one comes or goes only what is its own changes hands (rendezvous hashing). Empty
/// without nodes. A view into `nodes`; linear in them. Nodes that do not see the same for a moment
/// may choose two: the work must bear that.
std::string_view chosen_node(std::string_view subject, const std::vector<std::string>& nodes);

/// Who is in the cluster, as this node last heard. Loop thread only. It asks nobody: its owner
/// finds out which nodes live (set_nodes()).
class ClusterView {
 public:
  explicit ClusterView(std::string self) : self_(std::move(self)), nodes_{self_} {}

  [[nodiscard]] const std::string& self() const { return self_; }
  /// Alive, this one included.
  [[nodiscard]] const std::vector<std::string>& nodes() const { return nodes_; }
  /// Returns whether that changes anything.
  bool set_nodes(std::vector<std::string> nodes);
  [[nodiscard]] std::string_view chosen_for(std::string_view subject) const {
    return chosen_node(subject, nodes_);
  }
  [[nodiscard]] bool is_chosen_for(std::string_view subject) const {
    return chosen_for(subject) == self_;
  }

  /// No node has yet to put back what was lost.
  void all_is_whole() { nodes_before_ = nodes_; }
  /// A node has members: should what is shared be lost, they are waited for.
  void hear_of(std::string_view node);
  /// Those that live, lived when all was whole, or were heard of since. Views into this.
  [[nodiscard]] std::set<std::string_view> neighbours() const;

 private:
  static constexpr std::size_t kMaxHeardOf = 1000;

  const std::string self_;
  std::vector<std::string> nodes_;
  std::vector<std::string> nodes_before_;  ///< as of when all was whole, and heard of since
};

}  // namespace peer_broker_kit
