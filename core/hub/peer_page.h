#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fingerprint.h"

namespace peer {

/// Peer objects of a namespace (docs/protocol.md, "Identity"), as one message lists them.
struct PeerPage {
  std::string peers;                ///< JSON objects, comma-separated
  std::size_t listed = 0;           ///< how many those are
  std::size_t total = 0;            ///< members of the namespace
  std::vector<Fingerprint> away{};  ///< of the listed, if PageLimit::away says so
};

/// How much a page may hold.
struct PageLimit {
  /// What becomes of members that are away (docs/protocol.md, "C.7 Presence").
  enum class Away : std::uint8_t { kAsOthers, kNamed, kMarked };

  std::size_t peers = 50;
  std::size_t bytes = 60 * 1024;  ///< of PeerPage::peers
  /// Nobody is cut for want of bytes: from the bound on, peers stand without `meta`.
  bool lists_all = false;
  Away away = Away::kAsOthers;
};

/// The peer object without its `meta`, which peer_object() writes last.
[[nodiscard]] std::string without_meta(std::string_view object);

/// The raw object that is its `meta`; empty: it has none. What has been an object of another peer
/// is to be checked.
[[nodiscard]] std::string_view meta_in(std::string_view object);

/// The peer object with `away: true`.
[[nodiscard]] std::string with_away(std::string_view object);

/// A page of the first of `objects`, `total` left 0. It ends before the first object that does not
/// fit, but one peer it has, if need be without `meta`: who asks page by page comes to an end.
[[nodiscard]] PeerPage make_page(const std::vector<std::string_view>& objects, PageLimit limit);

}  // namespace peer
