#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/protocol/message.h"

namespace peer {

/// A text in memory of its own with the padding that MessageParser::parse() asks for.
class PaddedText {
 public:
  explicit PaddedText(std::string text) : size_(text.size()), bytes_(std::move(text)) {
    bytes_.append(64, '"');  // worse than zeros: a reader that runs on would find more JSON
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::size_t size_;
  std::string bytes_;
};

/// A client's text, parsed by a parser of its own.
class ClientMessage {
 public:
  explicit ClientMessage(std::string text) : text_(std::move(text)) {
    if (const auto words = parser_.parse(text_.view(), message_)) error_ = *words;
  }

  const Message* operator->() const { return &message_; }
  const Message& operator*() const { return message_; }
  /// The words of the 400 error; empty when all is well.
  [[nodiscard]] std::string error() const { return error_; }

  /// Reads the payload as `Request`; the words of the 400 error, empty when all is well.
  template <typename Request>
  std::string read(Request& request, const Bounds& bounds = {}) {
    return parser_.read(message_, bounds, request).value_or(std::string());
  }

 private:
  PaddedText text_;
  MessageParser parser_;
  Message message_;
  std::string error_;
};

inline ClientMessage with_payload(std::string_view payload) {
  return ClientMessage(R"({"type":"x","payload":)" + std::string(payload) + "}");
}

/// The words of the 400 error for a payload read as `Request`; empty when all is well.
template <typename Request>
std::string error_of(std::string_view payload, const Bounds& bounds = {}) {
  ClientMessage message = with_payload(payload);
  Request request;
  return message.read(request, bounds);
}

}  // namespace peer
