#include "core/limit/kept_budget.h"

// The budget of kept messages of one loop, on its thread. In: what each session keeps, and when its
// client was heard. Out: who has to give up. The equal share shrinks as sessions come, so that the
// tree may lack some that exceed it by now: when it holds none, and the budget is exceeded, it is
// made anew.
namespace peer {

void KeptBudget::enter(MessageKeeper& keeper) {
  keeper.place = static_cast<std::uint32_t>(keepers_.size());
  // By a quarter, where a vector grows to twice its size: half of its room would be empty.
  if (const std::size_t size = keepers_.size(); size == keepers_.capacity()) {
    keepers_.reserve(size + size / 4 + 16);
  }
  keepers_.push_back(&keeper);
}

void KeptBudget::leave(MessageKeeper& keeper) {
  change(keeper, 0);
  unlist(keeper);
  // The last one gets the place.
  keepers_[keeper.place] = keepers_.back();
  keepers_[keeper.place]->place = keeper.place;
  keepers_.pop_back();
}

void KeptBudget::change(MessageKeeper& keeper, std::size_t bytes) {
  bytes_ = bytes_ - keeper.bytes + bytes;
  keeper.bytes = bytes;
  if (!is_listing_) return;
  if (exceeds_share(keeper)) {
    list(keeper);
  } else {
    unlist(keeper);
  }
}

void KeptBudget::heard(MessageKeeper& keeper, Time now) {
  const bool listed = keeper.listed;
  unlist(keeper);  // it is found by the time that it was listed with
  keeper.heard = now;
  if (listed) list(keeper);
}

void KeptBudget::list(MessageKeeper& keeper) {
  if (keeper.listed) return;
  keeper.listed = true;
  listed_.emplace(keeper.heard, &keeper);
}

void KeptBudget::unlist(MessageKeeper& keeper) {
  if (!keeper.listed) return;
  keeper.listed = false;
  listed_.erase({keeper.heard, &keeper});
}

void KeptBudget::list_all() {
  is_listing_ = true;
  for (MessageKeeper* keeper : keepers_) {
    if (exceeds_share(*keeper)) list(*keeper);
  }
}

MessageKeeper* KeptBudget::next_to_give_up() {
  if (bytes_ <= total_) {
    if (is_listing_ && bytes_ <= total_ / 2) {
      while (!listed_.empty()) unlist(*listed_.begin()->second);
      is_listing_ = false;
    }
    return nullptr;
  }
  // Some keeper exceeds the equal share, since together they exceed the total: the second round, at
  // the latest, finds it.
  for (int round = 0; round < 2; ++round) {
    while (!listed_.empty()) {
      MessageKeeper& longest_silent = *listed_.begin()->second;
      if (exceeds_share(longest_silent)) return &longest_silent;
      unlist(longest_silent);
    }
    list_all();
  }
  return nullptr;
}

}  // namespace peer
