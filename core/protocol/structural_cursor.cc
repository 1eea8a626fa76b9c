#include "core/protocol/structural_cursor.h"

#include "core/protocol/json_bytes.h"

namespace peer {

StructuralCursor::StructuralCursor(const simdjson::dom::parser& dom, std::string_view text)
    : text_(text),
      index_(dom.implementation->structural_indexes.get()),
      size_(dom.implementation->n_structural_indexes) {}

bool StructuralCursor::next(JsonMember& member) {
  if (i_ < size_ && at(i_) == ',') ++i_;
  if (i_ + 3 >= size_) return false;  // a key, a colon, a value and a bracket are the least
  const std::uint32_t key = i_;
  const std::uint32_t colon = i_ + 1;
  const std::uint32_t value = i_ + 2;
  i_ = behind_value(value);
  if (i_ >= size_) return false;
  member.key = trimmed(index_[key], index_[colon]);
  member.value = trimmed(index_[value], index_[i_]);
  return true;
}

/// The slice without the white space at its end.
std::string_view StructuralCursor::trimmed(std::uint32_t begin, std::uint32_t end) const {
  while (end > begin && is_json_space(text_[end - 1])) --end;
  return text_.substr(begin, end - begin);
}

std::uint32_t StructuralCursor::behind_value(std::uint32_t i) const {
  int depth = 0;
  for (; i < size_; ++i) {
    const char folded = static_cast<char>(at(i) | 0x20);  // `[` as `{`, `]` as `}`
    depth += static_cast<int>(folded == '{') - static_cast<int>(folded == '}');
    if (depth <= 0) return i + 1;
  }
  return size_;
}

}  // namespace peer
