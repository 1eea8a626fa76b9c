#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <peer/sdk/broker_types.h>

#include "plugins/broker_kit/envelope.h"
#include "plugins/broker_kit/event_loop.h"

namespace peer_broker_kit {

/// A message of a peer here to a peer elsewhere. It owns its texts: it may wait.
struct Directed {
  peer::sdk::Fingerprint from;
  peer::sdk::Fingerprint to;
  std::string namespaces;  ///< packed
  std::string text;
  bool wants_outcome = false;
  bool to_alias = false;  ///< that only nodes of another kind may know
  Time since{};           ///< when it came
};

/// Its envelope, as the node of the target reads it (envelope.h). Views into the envelope. Anybody
/// who can write to the nodes' store may have written it.
struct DirectedEnvelope {
  std::string_view origin;  ///< the sender's node
  std::string_view number;  ///< that the origin knows it by
  peer::sdk::Fingerprint from;
  peer::sdk::Fingerprint to;
  std::string_view namespaces;  ///< packed
  std::string_view text;
  bool wants_outcome = false;
  bool by_known_route = false;
  bool is_passed_on = false;  ///< who does not have the target says nothing
};

/// `message` as an envelope of `origin`.
std::string directed_envelope(std::string_view origin, std::uint64_t number, bool by_known_route,
                              const Directed& message);
/// The same message, for the node that may have its target now.
std::string passed_on(const DirectedEnvelope& message);
/// nullopt: it is no directed message. Its text is not looked at.
std::optional<DirectedEnvelope> read_directed(const Fields& fields);

std::string_view outcome_code(peer::sdk::RouteOutcome outcome);
/// nullopt: no code, or one that no node sends.
std::optional<peer::sdk::RouteOutcome> read_outcome(std::string_view code);

}  // namespace peer_broker_kit
