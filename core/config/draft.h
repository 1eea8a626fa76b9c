#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.h"
#include "core/config/node.h"
#include "core/config/read_text.h"

namespace peer {

/// Later ones win (docs/configuration.md).
enum class LayerRank { kDefault, kFile, kEnvironment, kCommandLine };

/// A place that settings come from: a file, one environment variable, the command line.
struct ConfigLayer {
  LayerRank rank = LayerRank::kDefault;
  std::string name;            ///< as messages call it
  std::filesystem::path base;  ///< absolute; what relative paths in it are relative to
};

/// "peer-server.yaml:12", or the layer's name if it has no lines.
[[nodiscard]] std::string where_in(const ConfigLayer& layer, const ConfigNode& node);

/// A key name for a message: cut at the first byte that no key has, since what follows in a
/// mistyped line ("redis_password:hunter2") may be secret.
[[nodiscard]] std::string shown_key(std::string_view key);
/// The same of the path of an option in maps: "keys[0].kid".
[[nodiscard]] std::string shown_path(std::string_view path);

/// A configuration in the making: layer after layer is read into it. Main thread only. A mistake
/// ends nothing: reading goes on, so that all of them are told in one go, and the caller uses
/// `config` only when there are none.
class ConfigDraft {
 public:
  /// Where a key was set last.
  struct Origin {
    std::string where = "default";
    LayerRank rank = LayerRank::kDefault;
  };

  Config config;               ///< the defaults, and over them what has been read so far
  Pipes pipes = Pipes::kRead;  ///< whether files that settings name may be pipes

  /// Notes a line "<where>: <what>". After 100 mistakes (or warnings) the rest is only counted. No
  /// value of a secret may be in it: operators send such lines around.
  void mistake(const std::string& where, const std::string& what) { add(mistakes_, where, what); }
  void warning(const std::string& where, const std::string& what) { add(warnings_, where, what); }

  /// The key `path` has its value from `node` in `layer`; forget_origin(): from the defaults again.
  void set_origin(const std::string& path, const ConfigLayer& layer, const ConfigNode& node);
  void forget_origin(const std::string& path) { origins_.erase(path); }
  /// The same of a path and of all below it: "plugins.auth", "plugins.auth[1].name".
  void forget_origins(const std::string& path);
  /// What is below the path `from` is below `to` from now on.
  void move_origins(const std::string& from, const std::string& to);
  /// Of a dotted path such as "plugins.broker.options.addr"; "default" for what no layer has set.
  [[nodiscard]] Origin origin(std::string_view path) const;
  [[nodiscard]] const std::map<std::string, Origin, std::less<>>& origins() const {
    return origins_;
  }

  /// The collected lines, complete with "... and 7 more".
  [[nodiscard]] std::vector<std::string> mistakes() const { return lines(mistakes_); }
  [[nodiscard]] std::vector<std::string> warnings() const { return lines(warnings_); }

 private:
  struct Lines {
    std::vector<std::string> kept;
    std::size_t more = 0;
  };

  static void add(Lines& lines, const std::string& where, const std::string& what);
  static std::vector<std::string> lines(const Lines& collected);

  Lines mistakes_;
  Lines warnings_;
  std::map<std::string, Origin, std::less<>> origins_;
};

/// The entries of a map, each key once; reports the duplicates. `prefix` is "" or "plugins.".
[[nodiscard]] std::vector<const ConfigNode*> entries_of(ConfigDraft& draft,
                                                        const ConfigLayer& layer,
                                                        const ConfigNode& map,
                                                        std::string_view prefix);

}  // namespace peer
