#pragma once

#include <string>
#include <vector>

#include "core/config/draft.h"
#include "core/config/node.h"

/// The key `ice_servers`: the STUN and TURN servers that peers are told of (docs/ice.md).
namespace peer {

/// Reads the list into `draft.config`. One bad entry makes a browser refuse the whole list, so each
/// mistake is noted with its line, and with one of them the draft keeps the list that it has. A
/// scalar of a layer without types is read as YAML, which JSON is too. Main thread only.
void read_ice_servers(ConfigDraft& draft, const ConfigLayer& layer, const ConfigNode& node);

/// What is wrong with a STUN or TURN URL (RFC 7064, RFC 7065), for "expected ...": nullptr when
/// browsers take it. Pure; any thread.
[[nodiscard]] const char* ice_url_fault(std::string_view url);

/// As YAML on one line. It holds the secrets.
[[nodiscard]] std::string to_yaml(const std::vector<IceServer>& servers);

}  // namespace peer
