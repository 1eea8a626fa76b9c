#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include <peer/sdk/dialect.h>

#include "core/base/fingerprint.h"
#include "core/base/time.h"

namespace peer {

class ForeignPeer;

/// What the plugin's session has of a ForeignPeer: a part of that, which is all that it is made of.
/// On the peer's loop, within a call of the plugin or outside of one. After the end of the peer, or
/// once it has been refused, nothing of it has an effect.
class ForeignOutlet : public sdk::DialectPeer {
 public:
  // Answered at once. The views are good as long as the peer is.

  [[nodiscard]] std::string_view id() const noexcept override;
  [[nodiscard]] const Fingerprint& fingerprint() const noexcept override;
  [[nodiscard]] std::string_view home() const noexcept override;
  /// Of the loop's round: it stands still within a call.
  [[nodiscard]] milliseconds now() const noexcept override;
  /// Views into the text of hear(), good until that returns.
  [[nodiscard]] std::optional<std::vector<sdk::JsonMemberView>> heard_members()
      const noexcept override;
  bool send(std::string_view text) noexcept override;

  // Done when the plugin's call has returned, in the order of the calls, each when those before it
  // are through. The texts are copied here, and looked at then: a fault is logged, and that one is
  // left out.

  void say(std::string_view message) noexcept override;
  void direct(std::string_view id, std::string_view payload, milliseconds wait) noexcept override;
  void broadcast(std::string_view ns, std::string_view data) noexcept override;
  void count_members(std::string_view ns,
                     std::function<void(std::uint64_t)> then) noexcept override;
  void close() noexcept override;

  /// At once; a year at most.
  void wake_after(milliseconds time) noexcept override;

 private:
  [[nodiscard]] ForeignPeer& peer() noexcept;
  [[nodiscard]] const ForeignPeer& peer() const noexcept;
};

}  // namespace peer
