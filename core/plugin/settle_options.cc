#include "core/plugin/settle_options.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <variant>

#include "core/config/print_config.h"
#include "core/config/read_secret_file.h"
#include "core/config/value_rules.h"

// Options from the environment and the command line are texts without a type, and those that are
// secret may stand in a file. In: a choice of a plugin, and what the plugin has asked for (Known).
// Out: the choice with the types that the plugin expects. Main thread.
namespace peer {
namespace {

using Known = sdk::PluginConfig::Known;
using Option = sdk::PluginConfig::Option;
using Strings = std::vector<std::string>;

/// The words with which PluginConfig::string(), strings() and integers() say what they expect.
constexpr std::string_view kString = "a string";
constexpr std::string_view kStrings = "a list of strings";
constexpr std::string_view kIntegers = "a list of integers";  // and then their bounds

bool give_the_expected_type(PluginChoice& choice, const Known& known) {
  const auto text = choice.option_text.find(known.key);
  const auto option = choice.options.find(known.key);
  if (text == choice.option_text.end() || option == choice.options.end()) return false;
  const bool is_string = std::holds_alternative<std::string>(option->second);
  if (known.expected == kString && !is_string) {
    option->second = text->second;
    return true;
  }
  const bool is_list = known.expected == kStrings || known.expected.starts_with(kIntegers);
  if (is_list && !std::holds_alternative<Strings>(option->second)) {
    option->second = split_at_commas(text->second);
    return true;
  }
  return false;
}

using Options = std::map<std::string, Option, std::less<>>;

/// Where the option of a path such as "keys[0].secret" is, or would be.
struct Place {
  Options& options;
  std::string key;
};

/// What is left of `path` behind the map `key`, or number `index` of that list of maps; empty: it
/// is elsewhere.
std::string_view rest_behind(std::string_view path, const std::string& key,
                             const sdk::PluginOptionMaps& maps, std::size_t index) {
  const std::string start = maps.is_list ? key + "[" + std::to_string(index) + "]." : key + ".";
  return path.starts_with(start) ? path.substr(start.size()) : std::string_view();
}

Place find_place(Options& options, std::string_view path) {
  for (auto& [key, option] : options) {
    auto* maps = std::get_if<sdk::PluginOptionMaps>(&option);
    if (maps == nullptr || !path.starts_with(key)) continue;
    for (std::size_t i = 0; i < maps->maps.size(); ++i) {
      const std::string_view rest = rest_behind(path, key, *maps, i);
      if (!rest.empty()) return find_place(maps->maps[i].options, rest);
    }
  }
  return {options, std::string(path)};
}

bool read_its_file(PluginChoice& choice, const Known& known, const Strings& unread,
                   Strings& mistakes) {
  const Place place = find_place(choice.options, known.key);
  const std::string file_path = known.key + std::string(kSecretFileSuffix);
  const std::string file_key = place.key + std::string(kSecretFileSuffix);
  if (known.expected != kString || !is_secret_option(place.key, {})) return false;
  if (std::find(unread.begin(), unread.end(), file_path) == unread.end()) return false;
  const auto* path = std::get_if<std::string>(&place.options.at(file_key));
  auto secret = path != nullptr ? read_secret_file(*path) : sdk::Error{"expected a path"};
  place.options.erase(file_key);
  if (secret) {
    place.options.insert_or_assign(place.key, std::move(*secret));
  } else {
    mistakes.push_back(file_path + ": " + secret.error().message);
  }
  return true;
}

}  // namespace

bool settle_options(PluginChoice& choice, const sdk::PluginConfig& asked, Strings& mistakes) {
  const Strings unread = asked.unread();
  bool changed = false;
  for (const Known& known : asked.known()) {
    changed = give_the_expected_type(choice, known) || changed;
    changed = read_its_file(choice, known, unread, mistakes) || changed;
  }
  return changed;
}

}  // namespace peer
