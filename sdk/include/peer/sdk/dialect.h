#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <peer/sdk/types.h>

/// Clients that speak another protocol. A dialect owns a path: what its clients say there it turns
/// into messages of docs/protocol.md, and what the server says to them into theirs. The server sees
/// peers like any others: routing, limits, rates, metrics and other nodes are its business.
///
///   client --text--> DialectSession::hear() --DialectPeer::say()--> the server
///   client <--DialectPeer::send()-- DialectSession::tell() <-------- the server
namespace peer::sdk {

/// The longest foreign id, in bytes.
inline constexpr std::size_t kMaxDialectId = 256;

/// What one call into the plugin may ask for by say(), direct(), broadcast(), count_members() and
/// close(); more is dropped, and logged.
inline constexpr std::size_t kMaxDialectActions = 4096;

/// What a dialect says of itself (Dialect::traits()).
struct DialectTraits {
  /// Where its WebSockets open: "/y". A slash at the end of a request's path is forgiven.
  std::string upgrade_path;
  /// Where it answers GET, HEAD and OPTIONS, each path as a whole: nothing else below them is
  /// taken.
  std::vector<std::string> http_paths;
  /// Tells the ids of this entry of the configuration from those of another one with the same
  /// plugin, such as "/myapp peerjs". The same on all nodes. UTF-8 without NUL, at most 256 bytes.
  std::string realm;
  /// The namespace that every peer joins on its way in. Empty: a quiet one of this realm's own,
  /// which no native client can name. nullopt: none.
  std::optional<std::string> home = std::string();
  /// False, where `home` is empty: nobody is shown who is there, and nothing is told to all of
  /// them, so that a silent client takes 350 bytes less. Its peers reach each other as always
  /// (DialectPeer::direct(), `signal`). But DialectRequest::ids has none, a broadcast() there is
  /// heard by nobody, say() finds no membership there, count_members() counts those of this node,
  /// and only an alias that an auth plugin has granted leads to such a peer.
  bool home_is_listed = true;
};

/// A request by HTTP below a path of the dialect's; an upgrade is a GET. Views die with the call.
struct DialectRequest {
  std::string_view method;          ///< "GET", "HEAD" or "OPTIONS"
  std::string_view path;            ///< not decoded
  std::string_view query;           ///< without '?', not decoded
  std::string_view origin;          ///< the Origin header; empty when there was none
  std::string_view remote_address;  ///< numeric, without port; "unix": a Unix socket
  bool tls = false;
  std::span<const std::pair<std::string, std::string>> headers;
  /// The ids of all peers of the realm on all nodes, where DialectResponse::wants_ids has asked for
  /// them; null otherwise.
  const std::vector<std::string>* ids = nullptr;

  /// The first parameter of that name in the query, decoded ('+' is a space, "%41" is 'A');
  /// nullopt: there is none.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const {
    for (std::string_view rest = query; !rest.empty();) {
      const std::string_view part = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
      const std::size_t equals = std::min(part.find('='), part.size());
      if (decoded(part.substr(0, equals)) != name) continue;
      return decoded(part.substr(std::min(equals + 1, part.size())));
    }
    return std::nullopt;
  }

 private:
  static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  }
  static std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool escaped = text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
                           digit(text[i + 2]) >= 0;
      if (escaped) {
        out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
        i += 2;
      } else {
        out.push_back(text[i] == '+' ? ' ' : text[i]);
      }
    }
    return out;
  }
};

/// The answer to one.
struct DialectResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;  ///< left out for HEAD; at most 1 MiB
  /// More headers. One with a control character, or a name that is no token, is left out, and
  /// logged.
  std::vector<std::pair<std::string, std::string>> headers;
  /// Pages that may open a WebSocket here may read it: Access-Control-Allow-Origin is added, as
  /// `allowed_origins` says.
  bool allow_pages = true;
  /// Nothing is answered yet: Dialect::answer() is called again, with DialectRequest::ids. 10,000
  /// ids at most.
  bool wants_ids = false;
};

/// Who opens a WebSocket (Dialect::open()).
struct DialectEntry {
  /// The foreign id: UTF-8 without NUL, at most kMaxDialectId bytes. The peer's fingerprint is made
  /// of it (DialectHost::fingerprint_of). Empty: the server makes one, which nobody else has.
  std::string id;
  /// Who shows the same token again takes the id over, on whichever node, and the older connection
  /// is closed; to everybody else the id is taken. Only its hash is kept. Empty: nobody may take
  /// the id over.
  std::string token;
};

/// Turns a client away (Dialect::open()): it gets this one message, if it is not empty, and an
/// empty close.
struct DialectRejection {
  std::string text;
};

/// Why the server turns a client away, for the dialect to put it in its words.
struct DialectRefusal {
  enum class Reason : std::uint8_t {
    kBanned,        ///< by an operator
    kOrigin,        ///< not in `allowed_origins`
    kTooMany,       ///< a limit of connections, of this address or of all
    kFull,          ///< `max_peers`, or what the nodes share is full
    kUnauthorized,  ///< by an auth plugin
    kTaken,         ///< another peer has the id
    kInvalid,       ///< the id or the token will not do
    kNotAllowed,    ///< its rights do not let it into the namespace, or that is full
    kOther,
  };
  Reason reason = Reason::kOther;
  int code = 0;              ///< such as 401; of docs/protocol.md, "Errors"
  std::string_view message;  ///< the words of the server for it
};

/// Why the server ends a connection that it has served.
struct DialectEnding {
  std::uint16_t code = 0;   ///< of docs/protocol.md, "Closing", such as 4001: taken over
  std::string_view reason;  ///< the words for it
};

/// A message of docs/protocol.md that the server has for a peer. Views die with the call; what is
/// raw is JSON as it stands in `text`.
struct DialectMessage {
  std::string_view text;            ///< the whole of it
  std::string_view type;            ///< "signal"
  std::optional<Fingerprint> from;  ///< of a notification
  std::string_view ns;              ///< its `namespace`, not escaped; empty: none
  std::string_view id;              ///< raw, of an answer to a request with one; empty: none
  std::string_view payload;         ///< raw; empty: none
  std::string_view data;            ///< of `broadcast`: `data` in the payload, raw
  int code = 0;                     ///< of `error`
};

/// One member of a JSON object.
struct JsonMemberView {
  std::string key;         ///< not escaped
  std::string_view value;  ///< raw: a view of the text that was read
};

/// What the server offers to one session of a dialect. On the session's loop only, from within the
/// calls of its DialectSession and of the functions that are handed over here; it outlives the
/// session object.
///
/// send() takes effect at once. Everything else takes effect when the call into the plugin has
/// returned, in the order of the calls: so no call into the plugin ever begins within another one.
/// After the first text, say(), direct() and broadcast() cost the peer one token of its rate each:
/// what a text of the client leads to is paid by that text for the first of them.
class DialectPeer {
 public:
  virtual ~DialectPeer() = default;

  /// In the words of the dialect: that of DialectEntry, or one that the server has made up.
  [[nodiscard]] virtual std::string_view id() const noexcept = 0;
  [[nodiscard]] virtual const Fingerprint& fingerprint() const noexcept = 0;
  /// The namespace that it has joined (DialectTraits::home); empty: none.
  [[nodiscard]] virtual std::string_view home() const noexcept = 0;
  /// A clock that never goes back, for what takes time.
  [[nodiscard]] virtual std::chrono::milliseconds now() const noexcept = 0;
  /// The members of the text that DialectSession::hear() has been called with, as
  /// DialectHost::members_of() finds them, at less cost: the server has checked its UTF-8, and does
  /// not check again what a payload takes over from it. Outside of hear(): nullopt.
  [[nodiscard]] virtual std::optional<std::vector<JsonMemberView>> heard_members()
      const noexcept = 0;

  /// Sends the client one text message. What is not UTF-8, or longer than `max_message_size` and
  /// 64 KiB more, is refused and logged. False: it was refused, or dropped, since the client does
  /// not read; within hear() nothing is dropped, and the client is not heard until it reads.
  virtual bool send(std::string_view text) noexcept = 0;
  /// Says one message of docs/protocol.md, as if the client had; its answers, errors too, come by
  /// tell(). At most kMaxDialectActions for one call.
  virtual void say(std::string_view message) noexcept = 0;
  /// A `signal` with this payload (JSON) for the peer of the realm with the foreign id `id`. Where
  /// there is none, or one that has not joined a namespace of this peer's yet, it waits so long for
  /// that, on whichever node, and what follows it to the same id waits behind it; what has waited
  /// in vain is dropped: DialectSession::undelivered(). 0: it does not wait, and nothing is said.
  /// The time, 60 s at most, counts from the first message that waits for that id. What waits is
  /// bounded like what a client does not read; what is beyond that is dropped at once, and told by
  /// an undelivered() of its own.
  virtual void direct(std::string_view id, std::string_view payload,
                      std::chrono::milliseconds wait) noexcept = 0;
  /// A `broadcast` with this `data` (JSON) for the members of a namespace but itself. It need not
  /// be one.
  virtual void broadcast(std::string_view ns, std::string_view data) noexcept = 0;
  /// Has `then` called with the number of members of a namespace, on all nodes, or on this one
  /// where that is all that can be known. Nothing else of the client is heard until then. Not
  /// called if the session ends before.
  virtual void count_members(std::string_view ns,
                             std::function<void(std::uint64_t members)> then) noexcept = 0;
  /// Has DialectSession::wake() called once, about 50 ms after that time or sooner; instead of an
  /// earlier one. 0: never.
  virtual void wake_after(std::chrono::milliseconds time) noexcept = 0;
  /// An empty close behind what has been sent.
  virtual void close() noexcept = 0;
};

/// One client of a dialect, once it is a peer. Made by Dialect::begin(); destroyed when the
/// connection has ended, on its loop.
///
/// Threading: the loop of its connection; never two calls at once, and never one within another.
/// Errors: an exception is logged with the plugin's name, and ends this connection (empty close).
class DialectSession {
 public:
  virtual ~DialectSession() = default;

  /// A text of the client, valid UTF-8, at most `max_message_size` bytes. One that the client's
  /// rate does not allow is not heard: tell() has an `error` 429 instead.
  virtual void hear(std::string_view text) = 0;
  /// The server says something to the peer: an answer, or a notification. What is of no use to the
  /// client is passed over.
  virtual void tell(const DialectMessage& message) = 0;
  /// All that waited for this id (DialectPeer::direct) has been dropped; or one message for it, for
  /// which there was no room among what waits.
  virtual void undelivered(std::string_view id) { (void)id; }
  /// The time of DialectPeer::wake_after() has come.
  virtual void wake() {}
  /// The server closes the connection. What is returned is the last message that the client gets;
  /// empty: none. Then comes an empty close.
  [[nodiscard]] virtual std::string last_word(const DialectEnding& ending) {
    (void)ending;
    return {};
  }
};

/// What the server offers to a dialect as a whole. Thread-safe; outlives the plugin's object.
class DialectHost {
 public:
  virtual ~DialectHost() = default;

  /// The fingerprint of the peer of this realm with that foreign id: the SHA-256 of NUL, "dialect",
  /// NUL, the plugin's name, NUL, the realm, NUL and the id. No native client can have it.
  [[nodiscard]] virtual Fingerprint fingerprint_of(std::string_view id) const noexcept = 0;
  /// The name of a quiet namespace of this realm's own; the same on all nodes. `name`: any bytes of
  /// any number.
  [[nodiscard]] virtual std::string namespace_of(std::string_view name) const noexcept = 0;
  /// `max_name_length`.
  [[nodiscard]] virtual std::size_t max_name_length() const noexcept = 0;
  /// Hex digits of so many random bytes, 64 at most.
  [[nodiscard]] virtual std::string random_hex(std::size_t bytes) const noexcept = 0;

  // JSON (RFC 8259, at most 1024 containers deep) without taking it apart: for what is passed on
  // byte for byte.

  /// The members of an object in their order, also of one that has a key twice; nullopt: it is no
  /// sound JSON, no object, or a key is not Unicode.
  [[nodiscard]] virtual std::optional<std::vector<JsonMemberView>> members_of(
      std::string_view json) const noexcept = 0;
  /// The elements of an array, raw; nullopt: it is no sound JSON, or no array.
  [[nodiscard]] virtual std::optional<std::vector<std::string_view>> elements_of(
      std::string_view json) const noexcept = 0;
  /// What a JSON string says; nullopt: it is none, or not Unicode.
  [[nodiscard]] virtual std::optional<std::string> string_of(
      std::string_view json) const noexcept = 0;
};

/// Lets clients of another protocol in. Plugin kind `dialect`, file `dialect_<name>.so`. A server
/// has as many as its list `plugins.dialects` names, none by default; the same one may stand there
/// several times with other options.
///
/// A client comes in so: the server's own limits (refusal() says what it hears of those); takes(),
/// open(); the auth plugins, which see the same request as for a native client, but whose
/// identities and proofs do not count; the home namespace; begin(). The sessions of such peers end
/// with their connections.
///
/// Threading: start() and traits() on the main thread; the others on loop threads, several at a
/// time. They never block.
/// Errors: an exception is logged with the plugin's name, and turns that one client away.
class Dialect {
 public:
  static constexpr const char* kKind = "dialect";
  static constexpr std::uint32_t kApiVersion = 1;

  virtual ~Dialect() = default;

  /// Main thread, before start(). No path may be claimed twice, but by entries of the same plugin
  /// with other realms: takes() tells their clients apart.
  [[nodiscard]] virtual DialectTraits traits() const = 0;
  /// Once, before the server listens. `host` outlives the plugin's object.
  virtual void start(DialectHost& host) = 0;

  /// Whether a client, or a request by HTTP, is this entry's. Asked of those that have its path, in
  /// the order of the list; what none takes is the first one's.
  [[nodiscard]] virtual bool takes(const DialectRequest& request) const {
    (void)request;
    return true;
  }
  /// Somebody opens a WebSocket.
  [[nodiscard]] virtual std::variant<DialectEntry, DialectRejection> open(
      const DialectRequest& request) = 0;
  /// What a client hears that the server turns away; then comes an empty close. Empty: nothing.
  [[nodiscard]] virtual std::string refusal(const DialectRefusal& refusal) const = 0;
  /// The client is a peer now, and `peer` what it is to the server. Not null.
  [[nodiscard]] virtual std::unique_ptr<DialectSession> begin(DialectPeer& peer) = 0;
  /// A GET, HEAD or OPTIONS for one of its http_paths; for HEAD as for GET.
  [[nodiscard]] virtual DialectResponse answer(const DialectRequest& request) {
    (void)request;
    return {404, "application/json", "{}", {}, true, false};
  }
};

}  // namespace peer::sdk
