#include "texts.h"

namespace peer_skill {

std::uint32_t Texts::take(const std::string& text) {
  const auto [at, is_new] = uses_.try_emplace(text);
  if (is_new) {
    at->second.number = ++last_;
    by_number_.emplace(last_, at);
  }
  ++at->second.count;
  return at->second.number;
}

void Texts::release(std::uint32_t number) {
  const auto found = by_number_.find(number);
  if (--found->second->second.count > 0) return;
  uses_.erase(found->second);
  by_number_.erase(found);
}

}  // namespace peer_skill
