#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include <peer/sdk/dialect.h>

#include "messages.h"
#include "options.h"

namespace peer_peerjs {

/// What the options and the server are to all sessions.
struct Surroundings {
  const peer::sdk::DialectHost& host;
  const Options& options;
};

/// One PeerJS client. What it sends to another one goes there as the payload of a `signal` in the
/// very words that the other one gets, its own id among them; who receives it believes that id
/// only from the fingerprint that belongs to it.
///
/// Threading: the loop of its connection. `around` and `peer` outlive it.
class PeerJsSession final : public peer::sdk::DialectSession {
 public:
  PeerJsSession(const Surroundings& around, peer::sdk::DialectPeer& peer);

  void hear(std::string_view text) override;
  void tell(const peer::sdk::DialectMessage& message) override;
  void undelivered(std::string_view id) override;
  void wake() override;
  [[nodiscard]] std::string last_word(const peer::sdk::DialectEnding& ending) override;

 private:
  /// Messages that have gone to native peers, until it is known whether those are there.
  struct Attempts {
    struct Attempt {
      std::uint64_t number = 0;
      Kind kind = Kind::kOffer;
      std::string dst;
      std::string payload;
    };
    std::deque<Attempt> all;  ///< by number
    std::size_t bytes = 0;
    std::uint64_t last_number = 0;
  };

  /// What only a client needs that talks to others.
  struct Talk {
    std::string raw_id;  ///< its own id as a JSON string
    // The sender whose id was checked last, for the next message of it.
    std::string known_src{};
    peer::sdk::Fingerprint known_from{};
    std::unique_ptr<Attempts> attempts{};  ///< since the first of these
  };

  /// Something has come from the client: it has `alive` from here on.
  void note_life() noexcept { heard_at_ = peer_.now(); }
  /// To a peer of this dialect, which it may have to wait for.
  void pass_on(Kind kind, std::string_view dst, std::string_view raw_dst, std::string_view payload);
  /// To a native peer with that fingerprint; to a PeerJS client of that id, if there is none.
  void try_native(const Directed& message);
  /// What has become of the attempt with that request id. Others are ignored.
  void conclude(std::string_view number, bool arrived);
  void hear_signal(const peer::sdk::DialectMessage& message);
  [[nodiscard]] Talk& talk();
  /// Whether that id, raw JSON, is the one that the fingerprint belongs to.
  [[nodiscard]] bool is_src(std::string_view raw_src, const peer::sdk::Fingerprint& from);

  const Surroundings& around_;
  peer::sdk::DialectPeer& peer_;
  std::chrono::milliseconds heard_at_{0};
  // Most clients are silent, and have none.
  std::unique_ptr<Talk> talk_;  ///< since the first message from it, or for it
};

}  // namespace peer_peerjs
