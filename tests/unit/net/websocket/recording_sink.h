#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/net/websocket/websocket_codec.h"

namespace peer::test {

using Events = std::vector<std::string>;

/// Writes down what a reader finds, as text: "text:hello", "ping:", "close:1000:bye",
/// "error:1002:unmasked frame". Touches the padding behind each message, for the sanitizers.
class RecordingSink : public FrameSink {
 public:
  virtual ~RecordingSink() = default;

  void on_message(Opcode opcode, std::span<const std::uint8_t> message) override {
    volatile std::uint8_t padding = 0;
    for (std::size_t i = 0; i < kReadPadding; ++i) padding = message.data()[message.size() + i];
    static_cast<void>(padding);
    add(opcode == Opcode::kText ? "text:" : "binary:", message);
  }
  void on_ping(std::span<const std::uint8_t> payload) override { add("ping:", payload); }
  void on_pong(std::span<const std::uint8_t> payload) override { add("pong:", payload); }
  void on_close_frame(CloseCode code, std::string_view reason) override {
    add_end("close:", code, reason);
  }
  void on_protocol_error(CloseCode code, std::string_view reason) override {
    add_end("error:", code, reason);
  }

  Events events;

 private:
  void add(std::string event, std::span<const std::uint8_t> payload) {
    event.append(payload.begin(), payload.end());
    events.push_back(std::move(event));
  }
  void add_end(std::string event, CloseCode code, std::string_view reason) {
    event += std::to_string(static_cast<unsigned>(code));
    event += ':';
    event += reason;
    events.push_back(std::move(event));
  }
};

/// Feeds one piece from a buffer of its own, so that a read behind the padding is found.
inline std::size_t feed(WebSocketReader& reader, std::string_view piece, const ReaderLimits& limits,
                        FrameSink& sink) {
  std::vector<std::uint8_t> buffer(piece.begin(), piece.end());
  buffer.resize(piece.size() + kReadPadding);
  return reader.feed(std::span(buffer).first(piece.size()), limits, sink);
}

}  // namespace peer::test
