#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/protocol/requests.h"

/// The JSON envelope of client messages (docs/protocol.md, "Envelope"): strict validation, then raw
/// slices. Data that is opaque to the server stays text and is forwarded byte for byte.
namespace peer {

/// Every message type of docs/protocol.md that a client may send, and kUnknown. They are places in
/// tables and in the counts of loops, so kMessageTypeCount and the words in message.cc follow them.
enum class MessageType : std::uint8_t {
  kUnknown,
  kRegister,
  kJoin,
  kLeave,
  kDiscover,
  kSignal,
  kRelay,
  kBroadcast,
  kMatch,
  kMatchCancel,
  kCreateRoom,
  kJoinRoom,
  kRoomInfo,
  kKick,
  kMetadata,
  kPing,
  kAuthResponse,
  kIceServers,
  kResume,
  kAuthRefresh,
  kListRooms,
};
inline constexpr std::size_t kMessageTypeCount = 21;

/// The type's word on the wire; "unknown" for kUnknown.
[[nodiscard]] std::string_view to_text(MessageType type);
/// kUnknown for every other word, "unknown" included.
[[nodiscard]] MessageType message_type_of(std::string_view text);

/// One client message, validated. Views die with the parser's next parse() or the message bytes.
struct Message {
  MessageType type = MessageType::kUnknown;
  std::string_view type_text;  ///< decoded; room policies answer types of their own
  std::string_view id;         ///< raw JSON of a valid request id ("C.1 Request ids"); empty: none
  std::optional<std::string_view> to;  ///< decoded
  bool to_is_wrong_type = false;       ///< `to` was there, and no string: 400 where `to` is read
  std::string_view payload;            ///< raw; empty when absent; may be null, a list, anything
  bool has_members = false;  ///< the parser knows those of `payload`, for its first reader
};

/// Parses client messages; one for each event loop, so that its buffers are reused. The room that
/// one large message has needed is freed at the next (kMembersKept). Threading: one thread.
class MessageParser {
 public:
  MessageParser();
  ~MessageParser();

  /// Validates `text` as strict JSON (RFC 8259; depth at most 1024) and reads the envelope. Whoever
  /// brings it has checked that it is UTF-8 (Application::on_message). Returns nullopt when all is
  /// well, else the words of the 400 error ("invalid message", "duplicate field",
  /// "<field> must be a <type>", "<field> must be valid Unicode", "id too long"); `out.id` is set
  /// even then where it could be read. A missing type is kUnknown without text.
  [[nodiscard]] std::optional<std::string_view> parse(std::string_view text, Message& out);

  /// The same of a payload alone, which has come without its envelope, and as any bytes: `out` has
  /// nothing else.
  [[nodiscard]] std::optional<std::string_view> parse_payload(std::string_view text, Message& out);

  // Readers of the payload that parse() has just validated: see requests.h. Each returns nullopt
  // when the request is well formed, else the words of the 400 error.
  [[nodiscard]] std::optional<std::string> read(const Message&, const Bounds&, RegisterRequest&);
  [[nodiscard]] std::optional<std::string> read(const Message&, const Bounds&, ResumeRequest&);
  [[nodiscard]] std::optional<std::string> read(const Message&, const Bounds&, PingRequest&);
  [[nodiscard]] std::optional<std::string> read(const Message&, const Bounds&, JoinRequest&);
  [[nodiscard]] std::optional<std::string> read(const Message&, const Bounds&, NamespaceRequest&);
  [[nodiscard]] std::optional<std::string> read(const Message&, const Bounds&, DiscoverRequest&);
  [[nodiscard]] std::optional<std::string> read(const Message&, const Bounds&, BroadcastRequest&);
  [[nodiscard]] std::optional<std::string> read(const Message&, const Bounds&, MatchRequest&);
  [[nodiscard]] std::optional<std::string> read(const Message&, const Bounds&, CreateRoomRequest&);
  [[nodiscard]] std::optional<std::string> read(const Message&, const Bounds&, RoomRequest&);
  [[nodiscard]] std::optional<std::string> read(const Message&, const Bounds&, ListRoomsRequest&);
  [[nodiscard]] std::optional<std::string> read(const Message&, const Bounds&, KickRequest&);
  [[nodiscard]] std::optional<std::string> read(const Message&, const Bounds&, MetadataRequest&);
  [[nodiscard]] std::optional<std::string> read(const Message&, const Bounds&, AuthRefreshRequest&);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace peer
