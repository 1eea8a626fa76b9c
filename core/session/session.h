#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/auth.h>
#include <peer/sdk/broker.h>

#include "core/base/fingerprint.h"
#include "core/base/lean_text.h"
#include "core/hub/namespace.h"
#include "core/hub/namespace_set.h"
#include "core/limit/token_bucket.h"
#include "core/net/connection.h"
#include "core/net/event_loop.h"
#include "core/net/http/http_request.h"
#include "core/net/operation.h"
#include "core/protocol/kept_alias.h"
#include "core/protocol/message.h"
#include "core/protocol/meta.h"
#include "core/server/loop_state.h"
#include "core/session/resumable.h"

namespace peer {

/// One namespace that a peer is in, as its session keeps it. The namespace has an entry of its own
/// for the member (Member): the two come and go together, on the session's loop.
struct Membership {
  Namespace* ns;                  ///< lives as long as it has a member
  std::uint64_t joined;           ///< Member::joined
  LeanText app_type;              ///< as JSON; empty: none
  LeanText meta;                  ///< of the join; raw object or empty
  std::uint32_t ticket_size = 0;  ///< bytes of the peer's latest `match` request there
  Watches watches{};
};

/// What is known of a peer on its way in; freed once it is registered, or with its Renewal. Auth
/// plugins see by it whether the peer is still there (sdk::AuthRequest::peer).
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
  Fingerprint secret;  ///< of a client that speaks another protocol; see ForeignClient
  // Of the auth plugins.
  std::size_t auth_entry = 0;  ///< of Node::auths: the one that is asked
  std::string challenge_context;
  bool challenged = false;
  bool granted = false;  ///< the session has its fingerprint and its rights
  bool wants_ice_servers = false;
  bool wants_resume = false;
  std::uint8_t refused_resumes = 0;
  bool alias_lost = false;  ///< before it was known that the peer holds it
};

/// What an auth plugin granted beyond the usual; see sdk::AuthGrant. Few sessions have it.
struct Rights {
  std::optional<std::vector<std::string>> namespaces;  ///< patterns; nullopt: all names
  std::optional<std::uint32_t> rate_per_second;
  bool may_create_rooms = true;
  const std::string* granted_by = nullptr;  ///< the label of the plugin
};

/// A grant with an end, of a plugin that is asked again before that (sdk::Auth::renews()).
struct Renewal {
  std::shared_ptr<const Registration> registration;  ///< what the plugin is asked about
  sdk::AuthGrant granted;
  Time ends;
  bool asking = false;
};

/// The server's side of one client: who it is, what it may do, what it is part of. A connection is
/// its transport: it brings the client's messages, and takes what is said to it. A session that may
/// be resumed is *away* while it has none, and may get another one (resume.h).
///
/// Threading: its loop's thread only; other threads know it by its SessionRef and by what the
/// directories hold of it. Ownership: its transport's, or, of one that is away, its loop's; a
/// reference is good until the handler that got it returns: keep a SessionRef, or an Operation.
class Session : public ApplicationSession {
 public:
  /// They follow each other in this order. A ForeignSession begins with kRegistering, and has
  /// kForeign where others have kRegistered.
  enum class Stage : std::uint8_t {
    kConnected,    ///< the register message is due
    kRegistering,  ///< it is being judged
    kRegistered,
    kForeign,  ///< the same of a ForeignSession
    kGone,
  };

  /// `home`: of the loop that the transport is on.
  Session(Connection& transport, LoopState& home) : home_(home), transport_(&transport) {}
  /// One that comes from another node: nothing carries it yet.
  explicit Session(LoopState& home) : home_(home), transport_(nullptr) {}

  /// The same for as long as it lives, whatever carries it.
  [[nodiscard]] SessionRef ref() const {
    return transport_ != nullptr ? transport_->session_ref() : resumable->session;
  }
  [[nodiscard]] EventLoop& loop() const { return *home_.loop; }
  /// What its loop keeps for all of its sessions.
  [[nodiscard]] LoopState& home() const { return home_; }

  // What is said to the client. While it is away, what it is told waits for it (keep).

  /// See Connection::send().
  SendResult send(const FrameRef& frame) {
    return transport_ == nullptr ? keep(frame, Importance::kMessage) : transport_->send(frame);
  }
  /// See Connection::reply(); for answers, replies.h has the words.
  void reply(FrameRef&& frame) {
    if (transport_ != nullptr) {
      transport_->reply(std::move(frame));
    } else {
      keep(frame, Importance::kAnswer);
    }
  }
  /// Ends the session and what carries it; see Connection::close().
  void close(CloseCode code, std::string_view reason) {
    if (transport_ != nullptr) {
      transport_->close(code, reason);
    } else {
      end_away();
    }
  }
  [[nodiscard]] bool is_registered() const {
    return stage == Stage::kRegistered || stage == Stage::kForeign;
  }
  /// Whether it is not about to end.
  [[nodiscard]] bool is_open() const {
    return transport_ != nullptr ? !transport_->closing() : stage == Stage::kRegistered;
  }

  /// Its further messages wait while the operation lives.
  [[nodiscard]] Operation hold() {
    return transport_ != nullptr ? Operation(*transport_) : Operation(loop(), ref());
  }
  /// Application::on_deadline() is due then; kNever: not at all. An away session ends then.
  virtual void set_deadline(Time at) {
    if (transport_ != nullptr) {
      transport_->set_deadline(at);
    } else if (is_away()) {
      resumable->away->grant_ends = at;
    }
  }
  /// What carries it; null: nothing does, now. For what depends on the kind of transport: the
  /// client's address, TLS, admission.
  [[nodiscard]] Connection* transport() const { return transport_; }
  /// The client's address, for the log; of one that is away the last one.
  [[nodiscard]] std::string address() const {
    if (transport_ != nullptr) return transport_->remote_address().text();
    return is_away() ? resumable->away->address.text() : std::string();
  }
  [[nodiscard]] bool is_away() const { return resumable != nullptr && resumable->away != nullptr; }

  // For away.cc and resume.cc.

  void use_transport(Connection* transport) { transport_ = transport; }
  void on_sent(const FrameRef& frame) final;
  void on_dropped() final;
  SendResult keep(const FrameRef& frame, Importance importance) final;

  /// Milliseconds since the Unix epoch.
  void set_registered_at(std::int64_t at) {
    registered_at = static_cast<std::uint64_t>(at) & 0xFFFF'FFFF'FFFFU;
  }
  /// Behind its fingerprint, which an automatic one is made of.
  void set_alias(std::string_view alias) { alias_ = KeptAlias(alias, fingerprint); }
  [[nodiscard]] AliasText alias() const { return alias_.text(fingerprint); }
  [[nodiscard]] std::size_t alias_size() const { return alias_.size(fingerprint); }

  [[nodiscard]] sdk::Registered registered() const { return {fingerprint, registration_number}; }
  /// Null: it is no member of that. Linear in its memberships. Good until one is added or ends.
  [[nodiscard]] Membership* find(std::string_view ns) {
    for (Membership& membership : memberships) {
      if (membership.ns->name == ns) return &membership;
    }
    return nullptr;
  }

 private:
  void end_away();

  LoopState& home_;
  Connection* transport_;  // null: it is resumable
  KeptAlias alias_;

 public:
  Stage stage = Stage::kConnected;
  MessageType handling = MessageType::kRegister;  ///< of its latest message
  bool holds_alias : 1 = false;
  bool admitted : 1 = false;    ///< in the directory, and the broker knows
  bool rate_noted : 1 = false;  ///< the log has been told that it was limited, and by what
  bool fanout_noted : 1 = false;
  bool proved : 1 = false;        ///< the peer has proved to hold its key
  bool has_identity : 1 = false;  ///< the fingerprint is that of a granted identity
  bool foreign : 1 = false;       ///< it is a ForeignSession
  // Of such a one alone; here they take no room.
  bool in_unlisted : 1 = false;  ///< it is in ForeignSession::unlisted_home()
  bool wakes_first : 1 = false;  ///< ForeignSession's own
  std::uint32_t limited_in_a_row = 0;
  std::uint64_t registration_number = 0;  ///< sdk::Registered
  std::uint64_t registered_at : 48 = 0;   ///< milliseconds since the Unix epoch
  std::uint64_t auth_entry : 16 = 0;      ///< of Node::auths: the one that granted
  std::uint64_t messages = 0;             ///< that it has sent since
  Fingerprint fingerprint;
  Meta meta;
  std::vector<Membership> memberships;  ///< in join order
  NamespaceSet namespaces;              ///< the same, sorted
  TokenBucket tokens;                   ///< of `rate_limit_per_sec`, or what a grant says
  std::unique_ptr<TokenBucket> fanout;  ///< of `fanout_limit_per_sec`; null: it is full
  std::shared_ptr<Registration> registration;
  std::unique_ptr<Rights> rights;        ///< null: all
  std::unique_ptr<Renewal> renewal;      ///< null: what is granted has no end, or just ends
  std::unique_ptr<Resumable> resumable;  ///< null: it ends with its transport
};

/// The session that a WebSocket carries, once it is open.
[[nodiscard]] inline Session& session_of(Connection& connection) {
  return static_cast<Session&>(*connection.session);
}
/// Null when it has ended meanwhile, or is about to. On its loop.
[[nodiscard]] inline Session* session_of(const Operation& operation) {
  return static_cast<Session*>(operation.session());
}
/// Null when it has ended. On the loop that `ref` names.
[[nodiscard]] inline Session* find_session(const EventLoop& loop, SessionRef ref) {
  return static_cast<Session*>(loop.find(ref));
}

}  // namespace peer
