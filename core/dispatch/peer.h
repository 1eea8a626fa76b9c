#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/auth.h>
#include <peer/sdk/broker.h>

#include "core/base/fingerprint.h"
#include "core/dispatch/counts.h"
#include "core/hub/namespace_directory.h"
#include "core/limit/token_bucket.h"
#include "core/net/connection.h"
#include "core/net/http_request.h"
#include "core/protocol/meta.h"

namespace peer {

/// One namespace that a peer is in.
struct Membership {
  Namespace* ns;
  std::uint64_t joined;         ///< Member::joined
  std::string app_type;         ///< as JSON; empty: none
  std::string meta;             ///< of the join; raw object or empty
  std::size_t ticket_size = 0;  ///< bytes of the peer's latest `match` request there
};

/// What is known of a peer on its way in; freed once it is registered.
struct Registration {
  // Of the upgrade request, for the auth plugin.
  std::string origin;
  std::string query;
  HttpHeaders headers;
  // Of the register message.
  std::string id;
  std::string payload;
  std::string public_key;
  std::optional<std::string> alias;
  std::string meta;
  // Of the auth plugin.
  std::string challenge_context;
  bool challenged = false;
  bool alias_lost = false;  ///< before it was known that the peer holds it
};

/// What an auth plugin granted beyond the usual; see sdk::AuthGrant.
struct Rights {
  std::vector<std::string> namespaces;
  std::optional<std::uint32_t> rate_per_second;
  bool may_create_rooms = true;
};

/// The server's side of one WebSocket client. On its loop's thread only; other threads know the
/// peer by its ConnectionRef and what the directories hold of it.
class Peer final : public ConnectionContext {
 public:
  enum class Stage : std::uint8_t {
    kConnected,    ///< the register message is due
    kRegistering,  ///< it is being judged
    kRegistered,
    kGone,
  };

  explicit Peer(ErrorCounts& its_errors) : errors(its_errors) {}

  ErrorCounts& errors;  ///< of its loop
  Stage stage = Stage::kConnected;
  MessageType handling = MessageType::kRegister;  ///< of its latest message
  bool holds_alias = false;
  bool admitted = false;    ///< in the directory, and the broker knows
  bool rate_noted = false;  ///< the log has been told that it was limited, and by what
  bool fanout_noted = false;
  std::uint32_t limited_in_a_row = 0;
  std::uint64_t registration_number = 0;  ///< sdk::Registered
  Fingerprint fingerprint;
  std::string alias;
  Meta meta;
  std::vector<Membership> memberships;  ///< in join order
  NamespaceSet namespaces;              ///< the same, sorted
  std::optional<TokenBucket> fanout;
  std::unique_ptr<Registration> registration;
  std::unique_ptr<Rights> rights;  ///< null: all

  [[nodiscard]] sdk::Registered registered() const { return {fingerprint, registration_number}; }
  [[nodiscard]] Membership* find(std::string_view ns) {
    for (Membership& membership : memberships) {
      if (membership.ns->name == ns) return &membership;
    }
    return nullptr;
  }
};

[[nodiscard]] inline Peer& peer_of(Connection& connection) {
  return static_cast<Peer&>(*connection.context);
}

}  // namespace peer
