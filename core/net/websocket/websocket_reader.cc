#include <algorithm>
#include <utility>
#include <vector>

#include "core/net/websocket/deflate.h"
#include "core/net/websocket/websocket_codec.h"
#include "core/net/websocket/websocket_frame_header.h"

// The frames of one connection, on its loop's thread. In: bytes as they arrive. Out: whole
// messages, pings and pongs, a close frame, or the first rule that was broken (FrameSink).
//
// A frame takes one of two ways. Whole in the fed buffer: unmasked there and handed over. Cut by
// the end of the buffer: header, control payload and message are collected in Incomplete, each
// piece unmasked, inflated and checked when it arrives. Incomplete lives only as long as something
// is cut or a fragmented message is open, so an idle peer costs nothing here. A compressed message
// always goes through it.
namespace peer {
namespace {

constexpr std::size_t kMaxControlPayload = 125;

bool is_whole_header(std::span<const std::uint8_t> start) {
  return start.size() >= header_size(start);
}

}  // namespace

struct WebSocketReader::Incomplete {
  std::array<std::uint8_t, kMaxClientHeader> header_bytes;
  std::uint8_t header_kept = 0;

  bool in_payload = false;
  FrameHeader frame;  // valid while in_payload
  FrameProgress progress;
  std::array<std::uint8_t, kMaxControlPayload> control;

  bool in_message = false;
  Opcode message_opcode = Opcode::kText;
  Utf8Checker utf8;
  std::vector<std::uint8_t> message;
  Inflaters::Ref inflater;       // of a compressed message
  std::uint64_t compressed = 0;  // bytes of it that have arrived

  bool idle() const { return header_kept == 0 && !in_payload && !in_message; }

  /// Moves bytes of a header from the front of `data`, as many as it needs; returns all it has.
  template <typename Byte>
  std::span<const std::uint8_t> keep_header(std::span<Byte>& data) {
    while (!data.empty() && !is_whole_header(kept_header())) {
      header_bytes[header_kept++] = data.front();
      data = data.subspan(1);
    }
    return kept_header();
  }

  std::span<const std::uint8_t> kept_header() const {
    return std::span(header_bytes).first(header_kept);
  }

  MessageUnderWay under_way() const {
    const bool is_compressed = inflater != nullptr;
    return {in_message, is_compressed ? compressed : message.size(), is_compressed};
  }

  void begin_data_frame(const FrameHeader& header, const ReaderLimits& limits) {
    if (header.opcode == Opcode::kContinuation) return;
    in_message = true;
    message_opcode = header.opcode;
    if (!header.compressed) return;
    inflater = limits.inflaters->take();
    compressed = 0;
  }

  /// Doubles when full: any number of fragments costs linear time.
  void store(std::span<const std::uint8_t> piece) {
    const std::size_t needed = message.size() + piece.size() + kReadPadding;
    if (needed > message.capacity()) message.reserve(std::max(needed, 2 * message.capacity()));
    message.insert(message.end(), piece.begin(), piece.end());
  }

  /// Lets go of the message, but not of the frame that is arriving.
  void forget_message() {
    in_message = false;
    inflater.reset();
    std::vector<std::uint8_t>().swap(message);
  }

  /// Ends the message and gives up its bytes, with the padding behind them.
  std::vector<std::uint8_t> take_message() {
    in_message = false;
    inflater.reset();
    message.resize(message.size() + kReadPadding);
    return std::exchange(message, {});
  }
};

WebSocketReader::WebSocketReader() = default;
WebSocketReader::~WebSocketReader() = default;

std::size_t WebSocketReader::buffered() const {
  return incomplete_ ? sizeof(Incomplete) + incomplete_->message.capacity() : 0;
}

FrameProgress* WebSocketReader::frame_in_progress() {
  return incomplete_ && incomplete_->in_payload ? &incomplete_->progress : nullptr;
}

std::size_t WebSocketReader::feed(Bytes data, const ReaderLimits& limits, FrameSink& sink) {
  const std::size_t size = data.size();
  stopped_ = false;
  while (!data.empty() && !stopped_ && !ended_) {
    if (!incomplete_ && read_usual(data, limits, sink)) continue;
    read_some(data, limits, sink);
    // No message will be delivered any more, so its bytes are freed now, not when TCP ends.
    if (incomplete_ && ended_) incomplete_->forget_message();
    if (incomplete_ && incomplete_->idle()) incomplete_.reset();
  }
  return size - data.size();
}

void WebSocketReader::skip(std::span<const std::uint8_t> data) {
  ended_ = true;
  if (incomplete_) incomplete_->forget_message();
  while (!data.empty() && !close_seen_) skip_some(data);
  if (incomplete_ && (close_seen_ || incomplete_->idle())) incomplete_.reset();
}

/// Passes over the rest of a frame, or reads a header, at the front of `data`.
void WebSocketReader::skip_some(std::span<const std::uint8_t>& data) {
  if (!incomplete_ || !incomplete_->in_payload) {
    const bool cut = (incomplete_ && incomplete_->header_kept > 0) || !is_whole_header(data);
    const std::span<const std::uint8_t> start = cut ? incomplete().keep_header(data) : data;
    if (!is_whole_header(start)) return;
    const FrameHeader header = decode_header(start);
    if (!cut) data = data.subspan(header.size);
    Incomplete& state = incomplete();
    state.header_kept = 0;
    state.in_payload = true;
    state.frame = header;
    state.progress = {};
  }
  Incomplete& state = *incomplete_;
  const std::uint64_t missing = state.frame.length - state.progress.arrived;
  const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(missing, data.size()));
  data = data.subspan(skipped);
  state.progress.arrived += skipped;
  if (skipped < missing) return;
  state.in_payload = false;
  close_seen_ = state.frame.opcode == Opcode::kClose;
}

/// Reads a text message in one frame at the front of `data`. False: something else is there, or a
/// part of it, and nothing has been done.
bool WebSocketReader::read_usual(Bytes& data, const ReaderLimits& limits, FrameSink& sink) {
  const std::optional<FrameHeader> header = read_usual_header(data, limits);
  if (!header || data.size() - header->size < header->length) return false;
  const Bytes payload = data.subspan(header->size, static_cast<std::size_t>(header->length));
  data = data.subspan(header->size + payload.size());
  if (unmask_text(payload, header->key)) {
    sink.on_message(Opcode::kText, payload);
  } else {
    fail(CloseCode::kInvalidData, "invalid UTF-8", sink);
  }
  return true;
}

/// Reads one frame, or what there is of it, from the front of `data`.
void WebSocketReader::read_some(Bytes& data, const ReaderLimits& limits, FrameSink& sink) {
  if (incomplete_ && incomplete_->in_payload) return continue_payload(data, limits, sink);
  const std::optional<FrameHeader> header = read_header(data, limits, sink);
  if (!header) return;
  if (data.size() < header->length) {
    begin_payload(*header, limits);
    return continue_payload(data, limits, sink);
  }
  const auto length = static_cast<std::size_t>(header->length);
  const Bytes payload = data.first(length);
  data = data.subspan(length);
  read_whole_frame(*header, payload, limits, sink);
}

/// Takes the header from the front of `data`; nullopt when it is cut or refused.
std::optional<FrameHeader> WebSocketReader::read_header(Bytes& data, const ReaderLimits& limits,
                                                        FrameSink& sink) {
  const bool cut = (incomplete_ && incomplete_->header_kept > 0) || !is_whole_header(data);
  const std::span<const std::uint8_t> start = cut ? incomplete().keep_header(data) : data;
  MessageUnderWay message;
  if (incomplete_) message = incomplete_->under_way();
  // Also while the header is cut: a wrong first byte is refused without the rest.
  if (const auto refusal = check_header(start, message, limits)) {
    fail(refusal->code, refusal->reason, sink);
    return std::nullopt;
  }
  if (!is_whole_header(start)) return std::nullopt;
  const FrameHeader header = decode_header(start);
  if (cut) {
    incomplete_->header_kept = 0;
  } else {
    data = data.subspan(header.size);
  }
  return header;
}

void WebSocketReader::read_whole_frame(const FrameHeader& header, Bytes payload,
                                       const ReaderLimits& limits, FrameSink& sink) {
  const bool is_ascii = apply_mask(payload, header.key);
  if (is_control(header.opcode)) return read_control(header.opcode, payload, sink);
  const bool whole_message =
      header.final && header.opcode != Opcode::kContinuation && !header.compressed;
  if (!whole_message) {
    incomplete().begin_data_frame(header, limits);
    append_to_message(payload, limits, sink);
    if (header.final && !ended_) deliver_message(limits, sink);
    return;
  }
  if (header.opcode == Opcode::kText && !is_ascii && !is_valid_utf8(payload)) {
    return fail(CloseCode::kInvalidData, "invalid UTF-8", sink);
  }
  sink.on_message(header.opcode, payload);
}

void WebSocketReader::begin_payload(const FrameHeader& header, const ReaderLimits& limits) {
  Incomplete& state = incomplete();
  state.in_payload = true;
  state.frame = header;
  state.progress = {};
  if (!is_control(header.opcode)) state.begin_data_frame(header, limits);
}

void WebSocketReader::continue_payload(Bytes& data, const ReaderLimits& limits, FrameSink& sink) {
  Incomplete& state = *incomplete_;
  const std::uint64_t missing = state.frame.length - state.progress.arrived;
  const Bytes piece =
      data.first(static_cast<std::size_t>(std::min<std::uint64_t>(missing, data.size())));
  data = data.subspan(piece.size());
  // The count of bytes so far also says where in the mask the piece begins.
  apply_mask(piece, state.frame.key, state.progress.arrived);
  if (is_control(state.frame.opcode)) {
    std::copy(piece.begin(), piece.end(),
              state.control.begin() + static_cast<std::ptrdiff_t>(state.progress.arrived));
  } else {
    append_to_message(piece, limits, sink);
  }
  state.progress.arrived += piece.size();
  if (state.progress.arrived < state.frame.length) return;
  state.in_payload = false;
  if (!ended_) finish_frame(limits, sink);
}

void WebSocketReader::finish_frame(const ReaderLimits& limits, FrameSink& sink) {
  Incomplete& state = *incomplete_;
  if (is_control(state.frame.opcode)) {
    const auto length = static_cast<std::size_t>(state.frame.length);
    return read_control(state.frame.opcode, Bytes(state.control).first(length), sink);
  }
  if (state.frame.final) deliver_message(limits, sink);
}

void WebSocketReader::append_to_message(Bytes piece, const ReaderLimits& limits, FrameSink& sink) {
  Incomplete& state = *incomplete_;
  if (state.inflater != nullptr) {
    const std::size_t begin = state.message.size();
    state.compressed += piece.size();
    accept_inflated(begin, state.inflater->feed(piece, limits.max_message, state.message), sink);
    return;
  }
  // Checked piece by piece (RFC 6455 8.1): a long text that is none fails at its first bad byte.
  if (state.message_opcode == Opcode::kText && !state.utf8.feed(piece)) {
    return fail(CloseCode::kInvalidData, "invalid UTF-8", sink);
  }
  state.store(piece);
}

/// Checks what has been inflated, the message from `begin` on; false: refused.
bool WebSocketReader::accept_inflated(std::size_t begin, InflateResult result, FrameSink& sink) {
  Incomplete& state = *incomplete_;
  if (state.message_opcode == Opcode::kText &&
      !state.utf8.feed(std::span(state.message).subspan(begin))) {
    fail(CloseCode::kInvalidData, "invalid UTF-8", sink);
  } else if (result == InflateResult::kNeedsEarlier && inflated_before_) {
    fail(CloseCode::kInvalidData, kNeedsEarlierMessage, sink);
  } else if (result == InflateResult::kCorrupt || result == InflateResult::kNeedsEarlier) {
    fail(CloseCode::kInvalidData, "corrupt compressed data", sink);
  } else if (result == InflateResult::kTooBig) {
    fail(CloseCode::kTooBig, "message too big", sink);
  }
  return !ended_;
}

void WebSocketReader::deliver_message(const ReaderLimits& limits, FrameSink& sink) {
  Incomplete& state = *incomplete_;
  if (state.inflater != nullptr) {
    const std::size_t begin = state.message.size();
    const auto result = state.inflater->finish(limits.max_message, state.message);
    if (!accept_inflated(begin, result, sink)) return;
    inflated_before_ = true;
  }
  if (!state.utf8.complete()) return fail(CloseCode::kInvalidData, "invalid UTF-8", sink);
  // Taken out first: the sink may end the connection, which forgets the message.
  const std::vector<std::uint8_t> bytes = state.take_message();
  sink.on_message(state.message_opcode, std::span(bytes).first(bytes.size() - kReadPadding));
}

void WebSocketReader::read_control(Opcode opcode, Bytes payload, FrameSink& sink) {
  switch (opcode) {
    case Opcode::kPing:
      return sink.on_ping(payload);
    case Opcode::kPong:
      return sink.on_pong(payload);
    case Opcode::kClose:
      return read_close(payload, sink);
    case Opcode::kContinuation:
    case Opcode::kText:
    case Opcode::kBinary:
      return;
  }
}

/// RFC 6455 5.5.1: empty, or a code of two bytes and a reason in UTF-8.
void WebSocketReader::read_close(Bytes payload, FrameSink& sink) {
  close_seen_ = true;  // a bad one counts, too: no other follows it
  auto code = CloseCode::kNoStatus;
  std::string_view reason;
  if (payload.size() == 1) return fail(CloseCode::kProtocolError, "close frame of one byte", sink);
  if (!payload.empty()) {
    const auto number = static_cast<std::uint16_t>(payload[0] << 8 | payload[1]);
    if (!is_valid_close_code(number)) {
      return fail(CloseCode::kProtocolError, "invalid close code", sink);
    }
    const Bytes text = payload.subspan(2);
    if (!is_valid_utf8(text)) return fail(CloseCode::kInvalidData, "invalid UTF-8", sink);
    code = static_cast<CloseCode>(number);
    reason = {reinterpret_cast<const char*>(text.data()), text.size()};
  }
  ended_ = true;
  sink.on_close_frame(code, reason);
}

void WebSocketReader::fail(CloseCode code, std::string_view reason, FrameSink& sink) {
  ended_ = true;
  sink.on_protocol_error(code, reason);
}

WebSocketReader::Incomplete& WebSocketReader::incomplete() {
  if (!incomplete_) incomplete_ = std::make_unique<Incomplete>();
  return *incomplete_;
}

}  // namespace peer
