#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/time.h"
#include "core/base/utf8.h"

/// RFC 6455 framing. The reading side is incremental and keeps nothing while a peer is idle: whole
/// frames are unmasked in place in the caller's buffer; only a frame or message that is not
/// complete yet gets storage.
namespace peer {

/// RFC 6455 11.8.
enum class Opcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

/// RFC 6455 7.4, and the codes of docs/protocol.md, "Close codes".
enum class CloseCode : std::uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kUnsupportedData = 1003,
  kNoStatus = 1005,  ///< never sent: the peer's close frame was empty
  kInvalidData = 1007,
  kPolicyViolation = 1008,
  kTooBig = 1009,
  kInternalError = 1011,
  kTryAgainLater = 1013,
  kReplaced = 4001,
  kPingTimeout = 4002,
  kAuthFailed = 4003,
  kFlood = 4008,
};

/// Bytes that must be readable behind a delivered message (simdjson reads in blocks).
inline constexpr std::size_t kReadPadding = 64;

/// What a WebSocketReader finds. Spans die with the call.
class FrameSink {
 public:
  /// One whole text or binary message; valid UTF-8 when text. kReadPadding bytes behind it are
  /// readable (their content is undefined).
  virtual void on_message(Opcode opcode, std::span<const std::uint8_t> message) = 0;
  /// At most 125 bytes (RFC 6455 5.5); also between the fragments of a message.
  virtual void on_ping(std::span<const std::uint8_t> payload) = 0;
  virtual void on_pong(std::span<const std::uint8_t> payload) = 0;
  /// A valid close frame; `code` is kNoStatus when it was empty. Nothing is read after it.
  virtual void on_close_frame(CloseCode code, std::string_view reason) = 0;
  /// The peer broke the protocol: fail the connection with this code. Nothing is read after it.
  virtual void on_protocol_error(CloseCode code, std::string_view reason) = 0;

 protected:
  ~FrameSink() = default;
};

/// Masks or unmasks in place (RFC 6455 5.3). `offset`: how many payload bytes came before. Returns
/// whether the bytes are all ASCII now.
bool apply_mask(std::span<std::uint8_t> data, std::array<std::uint8_t, 4> key,
                std::uint64_t offset = 0);

/// Unmasks a whole text in place, and says whether it is UTF-8. Most are passed once for both:
/// those in which no character has more than two bytes, or goes over the end of 64.
[[nodiscard]] bool unmask_text(std::span<std::uint8_t> data, std::array<std::uint8_t, 4> key);

/// True for a code that may stand in a close frame (RFC 6455 7.4; 1012-1014 by IANA; 3000-4999).
[[nodiscard]] bool is_valid_close_code(std::uint16_t code);

/// The largest header of a frame that a server sends: no mask.
inline constexpr std::size_t kMaxServerHeader = 10;

/// Bits of a frame's first byte (RFC 6455 5.2; RSV1 is permessage-deflate's, RFC 7692 6).
inline constexpr std::uint8_t kFinal = 0x80;
inline constexpr std::uint8_t kCompressed = 0x40;

/// How long the header of an unmasked, final frame is: 2, 4 or 10.
[[nodiscard]] constexpr std::size_t server_header_size(std::uint64_t length) {
  return length <= 125 ? 2 : length <= 0xFFFF ? 4 : 10;
}
/// Writes it into `out`, which has room for it; returns its length.
std::size_t write_server_header(Opcode opcode, std::uint64_t length, std::span<std::uint8_t> out);

/// Why a message is kInvalidData that could be inflated if the window of earlier ones were kept.
inline constexpr std::string_view kNeedsEarlierMessage =
    "compressed message refers to an earlier one although client_no_context_takeover was agreed";

/// A frame that has arrived in part.
struct FrameProgress {
  std::uint64_t arrived = 0;  ///< bytes of its payload
  // Set by the Connection, to see whether the frame comes fast enough; they end with the frame.
  Time watched_since = kNever;
  std::uint64_t watched_from = 0;
};

struct FrameHeader;
class Inflaters;
enum class InflateResult : std::uint8_t;

/// What a reader accepts.
struct ReaderLimits {
  /// Inclusive, over all fragments; refused from the header. Of a compressed message, after
  /// inflating.
  std::uint64_t max_message = 65536;
  bool accept_binary = false;      ///< false: a binary message is kUnsupportedData
  Inflaters* inflaters = nullptr;  ///< null: permessage-deflate was not negotiated
};

/// The strict server-side reader of one connection's frames (RFC 6455 5; docs/protocol.md,
/// "Frames"). Refuses: unmasked frames, RSV bits, unknown opcodes, lengths not minimally encoded or
/// with the top bit set, fragmented or long (> 125) control frames, continuations without a start,
/// a new data frame within a fragmented message, close frames of one byte, with bad codes or bad
/// UTF-8; all kProtocolError but bad UTF-8, which is kInvalidData and is found within the piece
/// where it arrives. Too long is kTooBig. Compressed messages (RSV1, if negotiated) are inflated as
/// they arrive, and the same holds for what comes out; data that is no DEFLATE is kInvalidData.
///
/// Threading: one thread. Copies nothing for plain frames that are whole in the fed buffer.
class WebSocketReader {
 public:
  WebSocketReader();
  ~WebSocketReader();
  WebSocketReader(const WebSocketReader&) = delete;
  WebSocketReader& operator=(const WebSocketReader&) = delete;

  /// Reads what arrived. `data` is changed (unmasked in place); kReadPadding bytes behind it must
  /// be readable. Returns how many bytes were consumed: all of them, unless stop() was called from
  /// the sink or the connection ended (close frame, protocol error).
  /// Bytes of an incomplete frame are kept inside; storage grows with what has arrived, never with
  /// what a header announces.
  std::size_t feed(std::span<std::uint8_t> data, const ReaderLimits& limits, FrameSink& sink);

  /// Called from the sink: feed() returns after the current frame.
  void stop() { stopped_ = true; }

  /// Reads on where feed() stopped or failed, only to find the peer's close frame: everything else
  /// is thrown away, valid or not. Behind a frame that breaks the rules this is a guess: what it
  /// takes for a close frame may be none, and a real one may be missed.
  void skip(std::span<const std::uint8_t> data);
  /// The peer has sent its close frame.
  [[nodiscard]] bool close_seen() const { return close_seen_; }

  /// The frame whose payload is arriving; null between frames.
  [[nodiscard]] FrameProgress* frame_in_progress();

  /// Bytes of storage held for incomplete frames and messages.
  [[nodiscard]] std::size_t buffered() const;

 private:
  struct Incomplete;
  using Bytes = std::span<std::uint8_t>;

  bool read_usual(Bytes& data, const ReaderLimits& limits, FrameSink& sink);
  void read_some(Bytes& data, const ReaderLimits& limits, FrameSink& sink);
  std::optional<FrameHeader> read_header(Bytes& data, const ReaderLimits& limits, FrameSink& sink);
  void read_whole_frame(const FrameHeader& header, Bytes payload, const ReaderLimits& limits,
                        FrameSink& sink);
  void begin_payload(const FrameHeader& header, const ReaderLimits& limits);
  void continue_payload(Bytes& data, const ReaderLimits& limits, FrameSink& sink);
  void finish_frame(const ReaderLimits& limits, FrameSink& sink);
  void append_to_message(Bytes piece, const ReaderLimits& limits, FrameSink& sink);
  bool accept_inflated(std::size_t begin, InflateResult result, FrameSink& sink);
  void deliver_message(const ReaderLimits& limits, FrameSink& sink);
  void read_control(Opcode opcode, Bytes payload, FrameSink& sink);
  void read_close(Bytes payload, FrameSink& sink);
  void fail(CloseCode code, std::string_view reason, FrameSink& sink);
  void skip_some(std::span<const std::uint8_t>& data);
  Incomplete& incomplete();

  std::unique_ptr<Incomplete> incomplete_;  // null between messages
  bool stopped_ = false;
  bool ended_ = false;
  bool close_seen_ = false;
  bool inflated_before_ = false;  // a compressed message has been read
};

}  // namespace peer
