#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace peer::bench {

/// What a server did that it must not do. One is enough to fail a run.
enum class Fault {
  kLost,          ///< a message, a copy or a notice never arrived
  kDuplicated,    ///< arrived again
  kReordered,     ///< arrived after one that the same sender sent later
  kAltered,       ///< payload bytes differ from those sent
  kWrongSender,   ///< `from` is not who sent it
  kMisrouted,     ///< arrived at a peer that it was not sent to
  kErrorReply,    ///< a correct request was answered with an error
  kUnexpected,    ///< not a message that may come here
  kDisconnected,  ///< a connection ended that should have lived
};
inline constexpr std::size_t kFaultKinds = 9;

/// The name in reports: `lost`, `wrong_sender`, ...
[[nodiscard]] std::string_view name_of(Fault fault);

/// Counts faults and keeps the words about the first. One thread.
class Faults {
 public:
  void add(Fault fault, std::string_view detail, std::uint64_t count = 1);

  [[nodiscard]] bool any() const { return !first_.empty(); }
  [[nodiscard]] std::uint64_t count(Fault fault) const {
    return counts_[static_cast<std::size_t>(fault)];
  }
  [[nodiscard]] std::uint64_t total() const;
  /// `altered: peer 3, message 17`; empty without a fault.
  [[nodiscard]] const std::string& first() const { return first_; }

 private:
  std::array<std::uint64_t, kFaultKinds> counts_{};
  std::string first_;
};

}  // namespace peer::bench
