#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

namespace peer {

/// The memory of entries that have left a map of the standard library, for those that come next: in
/// one whose entries come and go in turns each would be an allocation (170 instructions with its
/// end). It belongs to one map, and keeps four entries at most, with values as made by default.
///
/// One thread at a time: where a lock guards the map, the same lock guards this. Making a value by
/// default must not throw, since erase() would leave an entry without one.
template <typename Map>
class SpareNodes {
 public:
  using iterator = typename Map::iterator;

  /// Enters a key that is not there, nearly always behind all others. Its value is as made by
  /// default. Costs a search where another key is behind it. Throws std::bad_alloc when there is
  /// neither a spare entry nor memory; the map is as before then.
  iterator add_last(Map& map, const typename Map::key_type& key) {
    if (count_ == 0) return map.emplace_hint(map.end(), key, typename Map::mapped_type());
    Node node = std::move(nodes_[--count_]);
    node.key() = key;
    return map.insert(map.end(), std::move(node));
  }
  /// Takes an entry out, and destroys what its value holds at once: only its memory is kept. Other
  /// iterators stay good.
  void erase(Map& map, iterator at) {
    if (count_ == nodes_.size()) {
      map.erase(at);
      return;
    }
    keep(map.extract(at));
  }
  /// The same of a key, which must be there.
  void erase_key(Map& map, const typename Map::key_type& key) {
    if (count_ == nodes_.size()) {
      map.erase(key);
      return;
    }
    keep(map.extract(key));
  }

 private:
  using Node = typename Map::node_type;

  void keep(Node&& node) {
    std::destroy_at(&node.mapped());
    std::construct_at(&node.mapped());
    nodes_[count_++] = std::move(node);
  }

  std::array<Node, 4> nodes_;
  std::size_t count_ = 0;
};

}  // namespace peer
