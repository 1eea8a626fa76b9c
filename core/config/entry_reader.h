#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/config/draft.h"
#include "core/config/node.h"

namespace peer {

/// What the readers of lists of maps have in common: each reads one entry of the list, whose
/// mistakes go into the draft under the entry's place. A reader lives for one entry, on the main
/// thread; draft and layer outlive it.
class EntryReader {
 public:
  /// `path`: the place of the entry, such as "ice_servers.0".
  EntryReader(ConfigDraft& draft, const ConfigLayer& layer, std::string path)
      : draft_(draft), layer_(layer), path_(std::move(path)) {}

 protected:
  /// `name`: the entry's key that it is about; empty: the entry itself.
  void mistake(const ConfigNode& at, const std::string& name, const std::string& expected);
  /// What is in the file that the field names, as if it stood in the field. `what`: what the file
  /// is to hold, such as "the token". Nullopt: that was a mistake.
  [[nodiscard]] std::optional<ConfigNode> read_file(const ConfigNode& field,
                                                    const std::string& what);

  ConfigDraft& draft_;
  const ConfigLayer& layer_;
  const std::string path_;
  bool sound_ = true;  ///< no mistake yet
};

}  // namespace peer
