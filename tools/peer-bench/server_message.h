#pragma once

#include <string_view>

/// Messages of servers, read without a JSON library and without allocation: the generator has to be
/// lighter than what it measures. It does not validate: a message that it misreads fails the check
/// of its content.
namespace peer::bench {

/// Walks the members of a JSON object in their order.
class MemberCursor {
 public:
  /// `object` outlives the cursor; it may begin with anything.
  explicit MemberCursor(std::string_view object);
  /// Goes to the next member; false at the end, or where the text is no object.
  [[nodiscard]] bool next();
  [[nodiscard]] std::string_view key() const { return key_; }
  /// The bytes of the value; strings with their quotes.
  [[nodiscard]] std::string_view value() const { return value_; }

 private:
  [[nodiscard]] bool skip_to(char wanted);

  std::string_view left_;
  std::string_view key_;
  std::string_view value_;
};

/// The value of one member; empty when there is none.
[[nodiscard]] std::string_view member(std::string_view object, std::string_view key);
/// The content of a string, escapes as they are; empty for other values.
[[nodiscard]] std::string_view text_of(std::string_view value);

/// The message types that this generator tells apart; every other one is kOther.
enum class MessageKind {
  kRegistered,
  kPeerList,
  kPeerJoined,
  kPeerLeft,
  kSignal,
  kBroadcast,
  kMatch,
  kMatched,
  kPong,
  kError,
  kOther,
};

/// An envelope; views into the text.
struct ServerMessage {
  MessageKind kind = MessageKind::kOther;
  std::string_view from;
  std::string_view to;
  std::string_view payload;  ///< raw
};

/// Fields that are not there are empty. `text` outlives the result.
[[nodiscard]] ServerMessage read_message(std::string_view text);

}  // namespace peer::bench
