#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "core/base/lean_text.h"

namespace peer {

/// Keys of metas as clients write them, by what they say.
using MetaKeys = std::map<std::string, std::string>;

/// A peer's metadata: an object merged key by key, whose values stay the client's own text
/// (docs/protocol.md, "metadata"). Key order is that of first appearance. It is kept as the text of
/// that object: 8 bytes where it is empty.
class Meta {
 public:
  /// Lays the raw, validated JSON object `object` over this one: same keys (compared decoded) are
  /// replaced in place, `null` removes a key. An empty `object` changes nothing.
  void merge(std::string_view object);
  /// An object with the keys that are new or have another text than in `before`, and with null for
  /// those that are no more; and in any case with those in `also`, whether they are as before or
  /// not. Empty: nothing has changed.
  [[nodiscard]] std::string changes_from(const Meta& before, const MetaKeys& also = {}) const;
  /// Adds the keys of these changes.
  void add_changed_keys(const Meta& before, MetaKeys& keys) const;
  /// The object as JSON text: "{}" when empty.
  [[nodiscard]] std::string to_json() const {
    return empty() ? std::string("{}") : std::string(object_.view());
  }
  /// The length of to_json().
  [[nodiscard]] std::size_t json_size() const { return empty() ? 2 : object_.size(); }
  [[nodiscard]] bool empty() const { return object_.empty(); }

 private:
  LeanText object_;  // without spaces between its members; empty: there are none
};

}  // namespace peer
