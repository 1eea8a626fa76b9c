#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/base/fingerprint.h"
#include "core/config/config.h"

namespace peer {

/// The members `"ice_servers":[...],"ttl_ms":N` of `ice_servers` and `registered`
/// (docs/protocol.md, "ice_servers"): the list as RTCPeerConnection takes it, with credentials made
/// for this peer. `now`: seconds since the epoch. `ttl_ms` is the shortest time that credentials
/// last; 0: all last for ever. Pure; any thread. A microsecond for each server with a secret.
[[nodiscard]] std::string ice_servers_members(const std::vector<IceServer>& servers,
                                              const Fingerprint& peer, std::chrono::seconds now);

}  // namespace peer
