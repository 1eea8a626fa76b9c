#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace peer_redis {

/// A message on one of the guide's channels (Q17): the JSON that clients get, with the `node_id`
/// of its sender, and from our nodes with `ns`, the sender's namespaces,
/// and `routed`.
struct GuideMessage {
  std::string node_id;
  std::string type;
  std::string from;
  std::string to;  ///< a fingerprint, or an alias that the sender's node does not know
  std::string ns;  ///< a broadcast's namespace
  std::optional<std::vector<std::string>> namespaces;
  bool routed = false;     ///< our nodes have it by their own channels
  std::string text;        ///< for clients: without what is between nodes
  bool is_checked = true;  ///< false: `text` may be JSON that this parser does not take, or none
  std::size_t to_at = 0;   ///< where the value of `to` is in `text`
  std::size_t to_size = 0;

  /// `to` was an alias of this one.
  void resolve_to(std::string_view fingerprint_hex);
};

/// What this node publishes. `text` is the JSON object that clients get, not empty; `routed`: our
/// nodes have it by their own channels.
std::string render_guide_message(std::string_view text, std::string_view node_id,
                                 std::span<const std::string_view> namespaces, bool routed);

/// nullopt: not the JSON of a signal, relay or broadcast: more than 2 MiB, no object, a key twice,
/// more than 64 keys, a value of another type, no sender's node, no target.
std::optional<GuideMessage> parse_guide_message(std::string_view json);

}  // namespace peer_redis
