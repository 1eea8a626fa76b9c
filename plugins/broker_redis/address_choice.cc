#include "address_choice.h"

#include <algorithm>

namespace peer_redis {
namespace {

bool contains(const std::vector<Address>& list, const Address& address) {
  return std::find(list.begin(), list.end(), address) != list.end();
}

}  // namespace

const Address& AddressChoice::next(const std::vector<Address>& found) {
  std::erase_if(tried_, [&](const Address& address) { return !contains(found, address); });
  const auto is_new = [this](const Address& address) { return !contains(tried_, address); };
  if (std::none_of(found.begin(), found.end(), is_new)) tried_.clear();
  const bool again = !worked_.empty() && is_new(worked_[0]) && contains(found, worked_[0]);
  current_ = again ? worked_[0] : *std::find_if(found.begin(), found.end(), is_new);
  tried_.push_back(current_);
  others_ = std::any_of(found.begin(), found.end(), is_new);
  return current_;
}

void AddressChoice::worked() {
  worked_ = {current_};
  tried_.clear();
}

}  // namespace peer_redis
