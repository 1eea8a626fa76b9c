#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "core/base/time.h"

namespace peer {

/// What one session keeps of its messages, as a KeptBudget knows it. It derives from it.
struct MessageKeeper {
  std::size_t bytes = 0;    ///< frames that it keeps
  Time heard{};             ///< when its client was heard last
  std::uint32_t place = 0;  ///< of KeptBudget
  bool listed = false;      ///< of KeptBudget
};

/// Bounds what the sessions of one loop keep, all together (`resume_total_bytes`). Beyond it, of
/// those that keep more than their equal share, the one whose client has been silent longest has to
/// give up: so nobody who keeps little pays for who keeps much.
///
/// One thread. What it costs each change is a comparison, until the budget has been used up; from
/// then on a tree of those that keep more than their share is held, until half of it is free again.
class KeptBudget {
 public:
  /// From now on.
  void set_total(std::size_t bytes) { total_ = bytes; }

  /// A session begins, keeping nothing, or ends; between these it stays where it is in memory.
  void enter(MessageKeeper& keeper);
  void leave(MessageKeeper& keeper);
  /// It keeps so many bytes from now on.
  void change(MessageKeeper& keeper, std::size_t bytes);
  /// Its client has been heard.
  void heard(MessageKeeper& keeper, Time now);

  /// Who has to give up what it keeps; null: the budget is kept. The caller makes it change().
  [[nodiscard]] MessageKeeper* next_to_give_up();

  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  [[nodiscard]] bool exceeds_share(const MessageKeeper& keeper) const {
    return keeper.bytes > total_ / keepers_.size();
  }
  void list(MessageKeeper& keeper);
  void unlist(MessageKeeper& keeper);
  void list_all();

  std::size_t total_ = 256 * 1024 * 1024;
  std::size_t bytes_ = 0;
  std::vector<MessageKeeper*> keepers_;  // by their places
  bool is_listing_ = false;
  /// Of those that exceed, or have exceeded, their share: the longest silent first.
  std::set<std::pair<Time, MessageKeeper*>> listed_;
};

}  // namespace peer
