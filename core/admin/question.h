#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peer {

/// What the Server API asks a node. Plain data.
struct NodeQuestion {
  enum class Kind : std::uint8_t {
    kPeers,       ///< a page of peers; `name`: of a namespace, if not empty
    kPeer,        ///< the peer `name`
    kClose,       ///< ends the peer `name`
    kSend,        ///< `payload` for the peer `name`
    kSendAll,     ///< `payload` for the members of the namespace `name`
    kNamespaces,  ///< a page of them
    kRooms,
    kRoom,  ///< the room `name`
    kNode,  ///< the node itself
    // Of one node, `name`; others have no entry.
    kNodeDetails,
    kHistory,  ///< since `after`
    kPlugins,
    kQueues,   ///< a page of the queues of matching; an entry's JSON is its longest wait in ms
    kTakeBan,  ///< `payload`: a list of bans as JSON, which the node takes over
    kLiftBan,  ///< the same of one ban, whose end it takes over if it has it
    // Nodes ask each other by these numbers: new ones stand behind.
  };
  Kind kind = Kind::kNode;
  std::string name{};
  std::string after{};
  std::uint32_t limit = 0;
  std::string search{};                ///< of kPeers: a part of the alias; empty: all
  std::uint16_t code = 0;              ///< of the close
  std::string reason{};                ///< of the close
  std::string payload{};               ///< raw JSON
  std::vector<std::string> exclude{};  ///< peers, by fingerprint or alias
};

struct NodeEntry {
  std::string key;          ///< a fingerprint, a name, a node id
  std::uint64_t count = 0;  ///< members on that node
  std::string json;         ///< of a peer and a node an object, of a room members of one; or empty
};

struct NodeAnswer {
  bool found = false;  ///< the peer or the room is there
  std::uint64_t delivered = 0;
  std::uint64_t dropped = 0;
  std::vector<NodeEntry> entries{};  ///< in the order of the list that was asked for
  bool more = false;                 ///< there are more entries behind the last one
};
/// Whether it is the answer of who has what was asked for.
[[nodiscard]] inline bool has_it(const NodeAnswer& answer) {
  return answer.found || !answer.entries.empty();
}

/// Whose answer is wanted.
enum class Wanted : std::uint8_t {
  kAll,    ///< that of each node
  kFirst,  ///< that of the node that has what is asked for: others are asked if this one has not
};

}  // namespace peer
