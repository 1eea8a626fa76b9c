#pragma once

namespace peer {

/// What a member wants to hear of the others of a namespace, beside that they come and go
/// (docs/protocol.md, "C.7 Presence").
struct Watches {
  bool meta = false;
  bool presence = false;

  friend bool operator==(const Watches&, const Watches&) = default;
};

}  // namespace peer
