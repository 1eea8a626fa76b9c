#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fingerprint.h"
#include "core/base/lean_text.h"

namespace peer {

/// A peer object (docs/protocol.md, "Identity"), as a whole or without its beginning.
struct ObjectView {
  /// Of anything that is a text: all of it.
  template <std::convertible_to<std::string_view> Text>
  ObjectView(const Text& object)  // NOLINT(google-explicit-constructor): it is what is listed
      : text(object) {}
  ObjectView(std::string_view behind, const Fingerprint& its_peer)
      : text(behind), peer(&its_peer) {}

  [[nodiscard]] std::size_t size() const {
    return text.size() + (peer != nullptr ? kBeginning : 0);
  }
  /// `out`: a std::string, or a FrameBuilder.
  template <typename Out>
  void append_to(Out& out) const {
    if (peer != nullptr) {
      const std::array<char, kBeginning> first = beginning();
      out.append(std::string_view(first.data(), first.size()));
    }
    out.append(text);
  }

  /// Writes size() bytes. Returns their end.
  char* write_to(char* out) const;

  /// The bytes of `{"fingerprint":"..."`, which every peer object begins with.
  static constexpr std::size_t kBeginning = 81;

  std::string_view text;
  const Fingerprint* peer = nullptr;  ///< not null: `text` is what follows its fingerprint

 private:
  [[nodiscard]] std::array<char, kBeginning> beginning() const;
};

/// A peer object as it is kept for each member of a namespace, beside the member's fingerprint: in
/// 80 bytes less, since it begins with the digits of that.
class KeptObject {
 public:
  KeptObject() = default;
  KeptObject(std::string_view object, const Fingerprint& peer);
  /// `peer`: the same; it outlives the view.
  [[nodiscard]] ObjectView view(const Fingerprint& peer) const;
  [[nodiscard]] std::string whole(const Fingerprint& peer) const;

 private:
  LeanText text_;  // what follows the fingerprint; all of what begins otherwise
};

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
[[nodiscard]] PeerPage make_page(const std::vector<ObjectView>& objects, PageLimit limit);

}  // namespace peer
