#include "core/plugin/settle_options.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include "core/config/print_config.h"
#include "core/config/read_secret_file.h"
#include "core/config/value_rules.h"

namespace peer {
namespace {

using Known = sdk::PluginConfig::Known;
using Option = sdk::PluginConfig::Option;
using Strings = std::vector<std::string>;

/// The words with which PluginConfig::string() and strings() say what they expect.
constexpr std::string_view kString = "a string";
constexpr std::string_view kStrings = "a list of strings";

bool give_the_expected_type(PluginChoice& choice, const Known& known) {
  const auto text = choice.option_text.find(known.key);
  const auto option = choice.options.find(known.key);
  if (text == choice.option_text.end() || option == choice.options.end()) return false;
  const bool is_string = std::holds_alternative<std::string>(option->second);
  if (known.expected == kString && !is_string) {
    option->second = text->second;
    return true;
  }
  if (known.expected == kStrings && !std::holds_alternative<Strings>(option->second)) {
    option->second = split_at_commas(text->second);
    return true;
  }
  return false;
}

bool read_its_file(PluginChoice& choice, const Known& known, const Strings& unread,
                   Strings& mistakes) {
  const std::string file_key = known.key + std::string(kSecretFileSuffix);
  if (known.expected != kString || !is_secret_option(known.key, {})) return false;
  if (std::find(unread.begin(), unread.end(), file_key) == unread.end()) return false;
  const auto* path = std::get_if<std::string>(&choice.options.at(file_key));
  auto secret = path != nullptr ? read_secret_file(*path) : sdk::Error{"expected a path"};
  choice.options.erase(file_key);
  if (secret) {
    choice.options.insert_or_assign(known.key, std::move(*secret));
  } else {
    mistakes.push_back(file_key + ": " + secret.error().message);
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
