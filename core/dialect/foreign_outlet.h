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
class ForeignOutlet : public sdk::DialectPeer {
 public:
  [[nodiscard]] std::string_view id() const noexcept override;
  [[nodiscard]] const Fingerprint& fingerprint() const noexcept override;
  [[nodiscard]] std::string_view home() const noexcept override;
  [[nodiscard]] milliseconds now() const noexcept override;
  [[nodiscard]] std::optional<std::vector<sdk::JsonMemberView>> heard_members()
      const noexcept override;
  bool send(std::string_view text) noexcept override;
  void say(std::string_view message) noexcept override;
  void direct(std::string_view id, std::string_view payload, milliseconds wait) noexcept override;
  void broadcast(std::string_view ns, std::string_view data) noexcept override;
  void count_members(std::string_view ns,
                     std::function<void(std::uint64_t)> then) noexcept override;
  void wake_after(milliseconds time) noexcept override;
  void close() noexcept override;

 private:
  [[nodiscard]] ForeignPeer& peer() noexcept;
  [[nodiscard]] const ForeignPeer& peer() const noexcept;
};

}  // namespace peer
