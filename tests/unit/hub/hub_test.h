#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/hub/namespace_directory.h"
#include "tests/unit/hub/recording_mail.h"

namespace peer::test {

/// Three loops, a namespace directory, and registered peers by name. A peer's object is its name in
/// quotes, its announcements are "+name" and "-name".
class HubTest : public testing::Test {
 protected:
  /// Where a peer is; registers it on the next loop in turn when it is new.
  SessionRef where(const std::string& peer) {
    const auto [at, is_new] = peers_by_name_.try_emplace(peer);
    if (is_new) {
      const auto number = static_cast<std::uint32_t>(peers_by_name_.size());
      at->second = ref_of(number % kLoops, number);
      peers_.admit(fingerprint_of(peer), at->second, {});
    }
    return at->second;
  }
  JoinResult join(std::string_view ns, const std::string& peer, PageLimit limit = {},
                  std::size_t max_size = 1000) {
    const std::string object = object_of(peer);
    return directory_.join(ns, joiner(peer, object), max_size, limit);
  }
  JoinResult join_room(std::string_view ns, const std::string& peer, std::uint64_t version,
                       const Room& room) {
    const std::string object = object_of(peer);
    return directory_.join_room(ns, joiner(peer, object), version, {room, {}}, {});
  }
  Namespace* create_room(std::string_view ns, const std::string& peer, std::uint32_t size = 5) {
    const std::string object = object_of(peer);
    return directory_.create_room(ns, joiner(peer, object),
                                  {{fingerprint_of(peer), size, "new"}, {}});
  }
  /// `posts`: none, or what members get together with the change.
  bool commit(std::string_view ns, std::uint64_t version, const Room& room,
              std::vector<RoomPost> posts = {}) {
    return directory_.commit_room(ns, version, {room, std::move(posts)});
  }
  std::optional<RoomSnapshot> leave(const JoinResult& membership, const std::string& peer) {
    return directory_
        .leave(*membership.ns, membership.joined, fingerprint_of(peer), text_frame("-" + peer))
        .room;
  }
  std::vector<std::string> mail_of(const std::string& peer) { return mail_.of(where(peer)); }
  std::string list(std::string_view ns, std::optional<std::string> after = std::nullopt,
                   PageLimit limit = {}) {
    const auto previous = after ? std::optional(fingerprint_of(*after)) : std::nullopt;
    return directory_.list(ns, previous, limit).peers;
  }
  bool is_member(const std::string& peer, const Namespace* ns) {
    return peers_.is_member(fingerprint_of(peer), ns);
  }
  /// name -> members, and "room" for rooms.
  std::map<std::string, std::string> all() {
    std::map<std::string, std::string> found;
    directory_.visit([&](const std::string& name, std::size_t members, bool is_room) {
      found[name] = std::to_string(members) + (is_room ? " room" : "");
    });
    return found;
  }
  static std::string object_of(const std::string& peer) { return '"' + peer + '"'; }
  Joiner joiner(const std::string& peer, const std::string& object) {
    return {where(peer), fingerprint_of(peer), object, text_frame("+" + peer)};
  }

  static constexpr std::size_t kLoops = 3;
  RecordingMail mail_;
  PeerDirectory peers_{16, 100'000};
  NamespaceDirectory directory_{4, kLoops, peers_, mail_.post()};

 private:
  std::map<std::string, SessionRef> peers_by_name_;
};

}  // namespace peer::test
