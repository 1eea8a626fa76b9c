#include "messages.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <peer/sdk/json.h>

// In: members of what a client says, or the payload of a signal. Out: what of it counts, and texts
// that are put together around raw JSON, so that a payload keeps every byte. Pure; any thread.
namespace peer_peerjs {
namespace {

using peer::sdk::DialectHost;
using peer::sdk::json_string;

constexpr std::array<std::string_view, 5> kWords{"OFFER", "ANSWER", "CANDIDATE", "LEAVE", "EXPIRE"};
constexpr std::string_view kType = R"({"type":")";
constexpr std::string_view kSrc = R"(","src":)";
constexpr std::string_view kDst = R"(,"dst":)";
constexpr std::string_view kPayload = R"(,"payload":)";

/// Where the JSON string at the beginning of `text` ends; npos: there is none.
std::size_t end_of_string(std::string_view text) {
  if (!text.starts_with('"')) return text.npos;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return text.npos;
}

/// The only word that can stand at the beginning of `text`: no two begin with the same letter.
std::optional<Kind> kind_by_first(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i].front() == text.front()) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

std::optional<Kind> kind_of_raw(const DialectHost& host, std::string_view raw) {
  // The words have nothing that must be escaped: as they mostly stand they are known at once.
  if (raw.size() > 2 && raw.starts_with('"')) {
    if (const auto kind = kind_of(raw.substr(1, raw.size() - 2))) return kind;
  }
  const auto text = host.string_of(raw);
  return text ? kind_of(*text) : std::nullopt;
}

}  // namespace

std::string_view word(Kind kind) noexcept { return kWords[static_cast<std::size_t>(kind)]; }

std::optional<Kind> kind_of(std::string_view word) noexcept {
  const auto kind = kind_by_first(word);
  return kind && kWords[static_cast<std::size_t>(*kind)] == word ? kind : std::nullopt;
}

std::optional<Directed> read_directed(const DialectHost& host, const Members& members) {
  if (!members) return std::nullopt;
  Directed read;
  std::string_view raw_type;
  std::string_view raw_dst;
  for (const auto& [name, value] : *members) {
    const std::string_view key = name;
    if (key == "payload") {
      read.payload = value;
    } else if (key == "type") {
      raw_type = value;
    } else if (key == "dst") {
      raw_dst = value;
    }
  }
  const auto kind = kind_of_raw(host, raw_type);
  if (!kind) return std::nullopt;
  read.kind = *kind;
  // Members come from sound JSON: what stands between quotes without a backslash is the text.
  if (raw_dst.starts_with('"') && raw_dst.find('\\') == raw_dst.npos) {
    read.raw_dst = raw_dst;
    read.dst = raw_dst.substr(1, raw_dst.size() - 2);
  } else if (!raw_dst.empty()) {
    read.dst = host.string_of(raw_dst).value_or("");
  }
  return read;
}

std::string relayed(Kind kind, std::string_view raw_src, std::string_view raw_dst,
                    std::string_view payload) {
  // Every message is one: its bytes are copied, and nothing else.
  const std::string_view before = payload.empty() ? std::string_view() : kPayload;
  const std::array<std::string_view, 9> parts{kType,   word(kind), kSrc,    raw_src, kDst,
                                              raw_dst, before,     payload, "}"};
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string text(size, '\0');
  char* at = text.data();
  for (const std::string_view part : parts) at = std::copy(part.begin(), part.end(), at);
  return text;
}

std::optional<std::string_view> src_of_relayed(std::string_view text) noexcept {
  if (!text.starts_with(kType)) return std::nullopt;
  text.remove_prefix(kType.size());
  const auto kind = kind_by_first(text);
  if (!kind || !text.starts_with(word(*kind))) return std::nullopt;
  text.remove_prefix(word(*kind).size());
  if (!text.starts_with(kSrc)) return std::nullopt;
  text.remove_prefix(kSrc.size());
  const std::size_t end = end_of_string(text);
  if (end == text.npos || !text.substr(end).starts_with(kDst)) return std::nullopt;
  return text.substr(0, end);
}

std::string native_payload(Kind kind, std::string_view payload) {
  std::string text(kType);
  text.append(word(kind)).append("\"");
  if (!payload.empty()) text.append(kPayload).append(payload);
  return text += '}';
}

std::string expired(std::string_view raw_dst, std::string_view raw_sender) {
  return relayed(Kind::kExpire, raw_dst, raw_sender, {});
}

std::string error(std::string_view words) {
  return R"({"type":"ERROR","payload":{"msg":)" + json_string(words) + "}}";
}
}  // namespace peer_peerjs
