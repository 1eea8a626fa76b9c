#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace peer_redis {

/// A message on one of the original implementation's channels: the JSON of the protocol with the
/// `node_id` of its sender, and from our nodes with `ns`, the sender's namespaces, `db` and
/// `routed`. The original implementation publishes what its client sent, with `from`, `ts` and
/// `node_id`: a broadcast's namespace stands in the payload alone, beside `exclude`; the envelope
/// has what the client wrote.
struct GuideMessage {
  std::string node_id;
  std::string type;
  std::string from;
  std::string to;  ///< a fingerprint, or an alias that the sender's node does not know; empty in
                   ///< a broadcast
  std::string ns;  ///< a broadcast's namespace
  std::optional<std::vector<std::string>> namespaces;
  std::vector<std::string> exclude;  ///< of a broadcast: fingerprints or aliases
  std::optional<std::int64_t> db;    ///< of our node; another one is another cluster
  bool routed = false;               ///< our nodes have it by their own channels
  std::string payload;               ///< raw JSON for clients; empty: absent
  std::string ts;                    ///< raw JSON, a number; empty: absent
  bool is_checked =
      true;  ///< false: the payload may be JSON that this parser does not take, or none

  /// What clients get: the envelope of the protocol, and nothing of what is between nodes.
  [[nodiscard]] std::string client_text() const;
};

/// What this node publishes. `text` is the JSON object that clients get, not empty; `routed`: our
/// nodes have it by their own channels.
std::string render_guide_message(std::string_view text, std::string_view node_id, std::int64_t db,
                                 std::span<const std::string_view> namespaces, bool routed);

/// nullopt: not the JSON of a signal, relay or broadcast: more than 2 MiB, no object, a key twice,
/// more than 64 keys, a value of another type, no sender's node, no target. `null` is no value but
/// as a payload or as `data`.
std::optional<GuideMessage> parse_guide_message(std::string_view json);

}  // namespace peer_redis
