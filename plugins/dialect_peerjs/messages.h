#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/dialect.h>

/// What PeerJS clients and their server say to each other: one JSON object in each text. "Raw" is
/// valid JSON that is put into a text as it is. Pure functions; any thread.
namespace peer_peerjs {

/// What a client may send to another one.
enum class Kind : std::uint8_t { kOffer, kAnswer, kCandidate, kLeave, kExpire };

/// As PeerJS writes it: "OFFER".
[[nodiscard]] std::string_view word(Kind kind) noexcept;
[[nodiscard]] std::optional<Kind> kind_of(std::string_view word) noexcept;

/// Whether it waits for a receiver who is not there.
[[nodiscard]] constexpr bool waits(Kind kind) noexcept {
  return kind != Kind::kLeave && kind != Kind::kExpire;
}

/// A message of a client for another one. Raw: JSON, a view of the text that was read.
struct Directed {
  Kind kind = Kind::kOffer;
  std::string dst;           ///< not escaped; empty: none
  std::string_view raw_dst;  ///< the same, raw; empty: something in it is escaped
  std::string_view payload;  ///< raw; empty: none
};

/// Members of an object, if a text is one.
using Members = std::optional<std::vector<peer::sdk::JsonMemberView>>;

/// Of a text of a client; nullopt: it is none. Where a key stands twice, the last one counts.
[[nodiscard]] std::optional<Directed> read_directed(const peer::sdk::DialectHost& host,
                                                    const Members& members);

/// The text for the receiver; src and dst are raw. The payload keeps every byte.
[[nodiscard]] std::string relayed(Kind kind, std::string_view raw_src, std::string_view raw_dst,
                                  std::string_view payload);

/// The raw src of a text that relayed() has made. nullopt: it cannot be one. That it begins like
/// one does not say that it is: whether the src is right shows that.
[[nodiscard]] std::optional<std::string_view> src_of_relayed(std::string_view text) noexcept;

/// What a native peer gets and sends as the payload of a `signal`: {type, payload}.
[[nodiscard]] std::string native_payload(Kind kind, std::string_view payload);

/// "EXPIRE": what was sent to `dst` did not arrive; both are raw.
[[nodiscard]] std::string expired(std::string_view raw_dst, std::string_view raw_sender);

/// "ERROR" with these words.
[[nodiscard]] std::string error(std::string_view words);

inline constexpr std::string_view kOpen = R"({"type":"OPEN"})";
inline constexpr std::string_view kHeartbeat = R"({"type":"HEARTBEAT"})";
inline constexpr std::string_view kIdTaken =
    R"({"type":"ID-TAKEN","payload":{"msg":"ID is taken"}})";

// The words of ERROR that clients know.
inline constexpr std::string_view kMissing = "No id, token, or key supplied to websocket server";
inline constexpr std::string_view kWrongKey = "Invalid key provided";
inline constexpr std::string_view kTooMany = "Server has reached its concurrent user limit";

}  // namespace peer_peerjs
