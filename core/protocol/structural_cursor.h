#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string_view>

#include "core/protocol/json_scan.h"

namespace peer {

/// ObjectCursor for the outermost object of a text that `dom` has just parsed. It steps over values
/// by simdjson's index of structural characters, so strings cost nothing, however long or escaped:
/// for a signal with an SDP of 3 KB, 0.1 us instead of 1.4 us (measured).
///
/// The index is a public member of simdjson's implementation class, but not of its documented API:
/// this is the one place that knows of it.
class StructuralCursor {
 public:
  /// `text` is valid JSON and an object; `dom` parsed it, or failed after its first stage: with
  /// NUMBER_ERROR, STRING_ERROR or DEPTH_ERROR.
  StructuralCursor(const simdjson::dom::parser& dom, std::string_view text);
  [[nodiscard]] bool next(JsonMember& member);

 private:
  char at(std::uint32_t i) const { return text_[index_[i]]; }
  std::string_view trimmed(std::uint32_t begin, std::uint32_t end) const;
  std::uint32_t behind_value(std::uint32_t i) const;

  std::string_view text_;
  const std::uint32_t* index_;  ///< where brackets, commas, colons and scalars begin, in order
  std::uint32_t size_;
  std::uint32_t i_ = 1;
};

}  // namespace peer
