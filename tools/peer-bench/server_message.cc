#include "tools/peer-bench/server_message.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

// Messages of servers, read by a scan. In: the text of a message. Out: its kind, and views of the
// fields that are checked. No state, any thread. There is no validation and no allocation: strings
// are skipped by their quotes, containers by their brackets. The worst that a malformed message can
// do is to be read as something else, which then fails its check.
namespace peer::bench {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && kWhiteSpace.find(text[at]) != std::string_view::npos) ++at;
  return at;
}

bool is_escaped(std::string_view text, std::size_t quote) {
  std::size_t backslashes = 0;
  while (backslashes < quote && text[quote - 1 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

/// `at` is on the opening quote; returns the place behind the closing one, or the end.
std::size_t skip_string(std::string_view text, std::size_t at) {
  std::size_t quote = text.find('"', at + 1);
  while (quote != std::string_view::npos && is_escaped(text, quote)) {
    quote = text.find('"', quote + 1);
  }
  return quote == std::string_view::npos ? text.size() : quote + 1;
}

std::size_t skip_container(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = skip_string(text, at);
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) break;
  }
  return at;
}

std::size_t skip_value(std::string_view text) {
  if (text.front() == '"') return skip_string(text, 0);
  if (text.front() == '{' || text.front() == '[') return skip_container(text, 0);
  return std::min(text.find_first_of(", \t\r\n}]"), text.size());
}

// The kinds of busy runs first: the list is searched from its beginning.
constexpr std::array<std::pair<std::string_view, MessageKind>, 10> kKinds{{
    {"signal", MessageKind::kSignal},
    {"broadcast", MessageKind::kBroadcast},
    {"pong", MessageKind::kPong},
    {"peer_joined", MessageKind::kPeerJoined},
    {"registered", MessageKind::kRegistered},
    {"peer_list", MessageKind::kPeerList},
    {"matched", MessageKind::kMatched},
    {"match", MessageKind::kMatch},
    {"peer_left", MessageKind::kPeerLeft},
    {"error", MessageKind::kError},
}};

MessageKind kind_of(std::string_view type) {
  for (const auto& [name, kind] : kKinds) {
    if (name == type) return kind;
  }
  return MessageKind::kOther;
}

}  // namespace

MemberCursor::MemberCursor(std::string_view object) {
  const std::size_t at = skip_space(object, 0);
  if (at < object.size() && object[at] == '{') left_ = object.substr(at + 1);
}

bool MemberCursor::skip_to(char wanted) {
  const std::size_t at = skip_space(left_, 0);
  left_.remove_prefix(at);
  return !left_.empty() && left_.front() == wanted;
}

bool MemberCursor::next() {
  if (skip_to(',')) left_.remove_prefix(1);
  if (!skip_to('"')) return false;
  const std::size_t key_size = skip_string(left_, 0);
  key_ = text_of(left_.substr(0, key_size));
  left_.remove_prefix(key_size);
  if (!skip_to(':')) return false;
  left_.remove_prefix(1);
  left_.remove_prefix(skip_space(left_, 0));
  if (left_.empty()) return false;
  const std::size_t value_size = skip_value(left_);
  value_ = left_.substr(0, value_size);
  left_.remove_prefix(value_size);
  return true;
}

std::string_view member(std::string_view object, std::string_view key) {
  MemberCursor members(object);
  while (members.next()) {
    if (members.key() == key) return members.value();
  }
  return {};
}

std::string_view text_of(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return {};
  return value.substr(1, value.size() - 2);
}

ServerMessage read_message(std::string_view text) {
  ServerMessage message;
  MemberCursor members(text);
  while (members.next()) {
    const std::string_view key = members.key();
    if (key == "type") {
      message.kind = kind_of(text_of(members.value()));
    } else if (key == "from") {
      message.from = text_of(members.value());
    } else if (key == "to") {
      message.to = text_of(members.value());
    } else if (key == "payload") {
      message.payload = members.value();
    }
  }
  return message;
}

}  // namespace peer::bench
