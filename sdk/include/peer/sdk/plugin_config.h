#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <peer/sdk/duration.h>

namespace peer::sdk {

struct PluginOptionMap;

/// A map, or a list of maps, among the options. Plugins read it with PluginConfig::map() and
/// maps(), and tests make it.
struct PluginOptionMaps {
  std::vector<PluginOptionMap> maps;  ///< of a map exactly one; of a list as many as it has
  bool is_list = false;

  friend bool operator==(const PluginOptionMaps& a, const PluginOptionMaps& b);
};

/// An option as YAML or JSON has it. From the environment and the command line, where values have
/// no types, the server reads it as what the plugin asks for: `12` is a string for string().
using PluginOption = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>,
                                  PluginOptionMaps>;

/// The options in one map. Keys are unique, and sorted by their bytes.
struct PluginOptionMap {
  std::map<std::string, PluginOption, std::less<>> options;

  friend bool operator==(const PluginOptionMap&, const PluginOptionMap&) = default;
};

inline bool operator==(const PluginOptionMaps& a, const PluginOptionMaps& b) {
  return a.is_list == b.is_list && a.maps == b.maps;
}

/// A plugin's `options` from YAML, typed. The plugin asks for each option that it knows, with its
/// default; what is wrong is collected, so that all mistakes are reported in one go, and what was
/// never asked for is reported as unknown. A plugin therefore reads all its options, whatever the
/// values of others.
///
/// Every reader below returns the default where the option is absent, and also where it is wrong. A
/// wrong option stops the start after the factory has returned, so the factory needs no check. No
/// reader throws but for want of memory. Bounds are inclusive. A default is not held against them
/// here: peer-plugin-check tells of one that its option would refuse.
///
/// A plugin asks for each option once: one that it asks for twice is listed twice.
///
/// Threading: main thread only, during the plugin's factory. Ownership: the server's, until the
/// factory returns; the plugin copies what it keeps. One start may call the factory twice: the
/// second time with the options as the first call has shown that they are meant, where one without
/// a type is a string or a list, or a secret stands in a file of its own.
class PluginConfig {
 public:
  using Option = PluginOption;

  /// What one option accepts, as read by the plugin: for listings and messages.
  struct Known {
    std::string key;            ///< with its path, where it is in a map: "tls.ca"
    std::string expected;       ///< "an integer from 1 to 30"
    std::string default_value;  ///< as text
  };

  /// What Known::default_value says of an option that has no default.
  static constexpr const char* kRequired = "none: it is required";

  PluginConfig() = default;  ///< without options: every reader returns its default
  /// Options as the server has read them, or as a test wants them.
  explicit PluginConfig(std::map<std::string, Option, std::less<>> options)
      : options_(std::move(options)) {}

  /// An integer from `min` to `max`. A number with a fraction or an exponent, and a text of digits
  /// in quotes, are mistakes.
  std::int64_t integer(std::string_view key, std::int64_t default_value, std::int64_t min,
                       std::int64_t max) {
    const std::string expected =
        "an integer from " + std::to_string(min) + " to " + std::to_string(max);
    const Option* option = look_up(key, expected, std::to_string(default_value));
    if (option == nullptr) return default_value;
    const auto* value = std::get_if<std::int64_t>(option);
    if (value != nullptr && *value >= min && *value <= max) return *value;
    mistake(key, expected);
    return default_value;
  }

  /// `true` or `false`; 0 and 1, and words in quotes, are mistakes.
  bool boolean(std::string_view key, bool default_value) {
    const Option* option = look_up(key, "true or false", default_value ? "true" : "false");
    if (option == nullptr) return default_value;
    if (const auto* value = std::get_if<bool>(option)) return *value;
    mistake(key, "true or false");
    return default_value;
  }

  /// A number from `min` to `max`; integers are numbers too. Messages show bounds and default with
  /// six digits behind the point.
  double number(std::string_view key, double default_value, double min, double max) {
    const std::string expected = "a number from " + text_of(min) + " to " + text_of(max);
    const Option* option = look_up(key, expected, text_of(default_value));
    if (option == nullptr) return default_value;
    std::optional<double> value;
    if (const auto* real = std::get_if<double>(option)) value = *real;
    if (const auto* whole = std::get_if<std::int64_t>(option)) value = static_cast<double>(*whole);
    if (value && *value >= min && *value <= max) return *value;
    mistake(key, expected);
    return default_value;
  }

  /// A string, which may be empty: that, its length and its form are for the plugin to check.
  /// Numbers and booleans are not strings: quote them in YAML.
  std::string string(std::string_view key, std::string_view default_value) {
    const Option* option = look_up(key, "a string", std::string(default_value));
    if (option == nullptr) return std::string(default_value);
    if (const auto* value = std::get_if<std::string>(option)) return *value;
    mistake(key, "a string");
    return std::string(default_value);
  }

  /// A list of strings, in which an integer is its text; absent is empty. Any of them may be empty,
  /// or stand twice.
  std::vector<std::string> strings(std::string_view key) {
    const Option* option = look_up(key, "a list of strings", "[]");
    if (option == nullptr) return {};
    if (const auto* value = std::get_if<std::vector<std::string>>(option)) return *value;
    mistake(key, "a list of strings");
    return {};
  }

  /// A list of integers from `min` to `max`, as decimal numbers; absent is empty. One that is wrong
  /// makes the whole list a mistake.
  std::vector<std::int64_t> integers(std::string_view key, std::int64_t min, std::int64_t max) {
    const std::string expected =
        "a list of integers from " + std::to_string(min) + " to " + std::to_string(max);
    const Option* option = look_up(key, expected, "[]");
    std::vector<std::int64_t> values;
    if (option == nullptr) return values;
    const auto* texts = std::get_if<std::vector<std::string>>(option);
    bool sound = texts != nullptr;
    for (std::size_t i = 0; sound && i < texts->size(); ++i) {
      const std::string& text = (*texts)[i];
      const char* const end = text.data() + text.size();
      std::int64_t value = 0;
      const auto read = std::from_chars(text.data(), end, value);
      sound = read.ec == std::errc() && read.ptr == end && value >= min && value <= max;
      values.push_back(value);
    }
    if (sound) return values;
    mistake(key, expected);
    return {};
  }

  /// A duration from `min` to `max`: "1m30s" (parse_duration()), or a number of milliseconds. None
  /// of the three is negative.
  std::chrono::milliseconds duration(std::string_view key, std::chrono::milliseconds default_value,
                                     std::chrono::milliseconds min, std::chrono::milliseconds max) {
    const std::string expected =
        "a duration from " + format_duration(min) + " to " + format_duration(max);
    const Option* option = look_up(key, expected, format_duration(default_value));
    if (option == nullptr) return default_value;
    std::optional<std::chrono::milliseconds> value;
    if (const auto* text = std::get_if<std::string>(option)) value = parse_duration(*text);
    if (const auto* whole = std::get_if<std::int64_t>(option)) {
      value = std::chrono::milliseconds(*whole);
    }
    if (value && *value >= min && *value <= max) return *value;
    mistake(key, expected);
    return default_value;
  }

  /// A string, or a list of strings; absent is empty. A string is a list of one.
  std::vector<std::string> texts(std::string_view key) {
    constexpr const char* kExpected = "a string or a list of strings";
    const Option* option = look_up(key, kExpected, "[]");
    if (option == nullptr) return {};
    if (const auto* one = std::get_if<std::string>(option)) return {*one};
    if (const auto* several = std::get_if<std::vector<std::string>>(option)) return *several;
    mistake(key, kExpected);
    return {};
  }

  /// An integer from `min` to `max` that must be there; `min` when it is not, which is a mistake.
  std::int64_t required_integer(std::string_view key, std::int64_t min, std::int64_t max) {
    const bool there = options_.contains(key);
    const std::int64_t value = integer(key, min, min, max);
    if (!there) miss();
    return value;
  }

  /// A string that must be there, and not be empty; empty when it is not, which is a mistake.
  std::string required_string(std::string_view key) {
    const bool there = options_.contains(key);
    std::string value = string(key, "");
    if (!there) {
      miss();
    } else if (value.empty() && std::holds_alternative<std::string>(options_.find(key)->second)) {
      mistake(key, "a string that is not empty");
    }
    return value;
  }

  /// A list of at least one string that must be there; empty when it is not, which is a mistake.
  std::vector<std::string> required_strings(std::string_view key) {
    const auto found = options_.find(key);
    std::vector<std::string> values = strings(key);
    if (found == options_.end()) {
      miss();
    } else if (values.empty() && std::holds_alternative<std::vector<std::string>>(found->second)) {
      mistake(key, "a list that is not empty");
    }
    return values;
  }

  /// A map of strings to strings, written as a list of "name=value"; absent is empty. Names are
  /// not empty, and each stands once.
  std::map<std::string, std::string, std::less<>> pairs(std::string_view key) {
    constexpr const char* kExpected = "a list of \"name=value\", each name once";
    const Option* option = look_up(key, kExpected, "[]");
    std::map<std::string, std::string, std::less<>> values;
    if (option == nullptr) return values;
    const auto* entries = std::get_if<std::vector<std::string>>(option);
    bool sound = entries != nullptr;
    for (std::size_t i = 0; sound && i < entries->size(); ++i) {
      const std::string& entry = (*entries)[i];
      const std::size_t equals = entry.find('=');
      sound = equals != entry.npos && equals > 0 &&
              values.emplace(entry.substr(0, equals), entry.substr(equals + 1)).second;
    }
    if (sound) return values;
    mistake(key, kExpected);
    return {};
  }

  /// An option that is a map. It is read with the functions of this class:
  /// `config.map("tls").string("ca", "")`. Where it is absent, or wrong, all its options are
  /// absent. Mistakes in it have the whole path: "tls.ca".
  ///
  /// Each call makes a new PluginConfig, which knows nothing of what another one was asked for and
  /// would report that as unknown. So a plugin that reads two options keeps the reference, which is
  /// good for as long as this is.
  PluginConfig& map(std::string_view key) {
    const Option* option = look_up(key, "a map", "{}");
    const auto* maps = option == nullptr ? nullptr : std::get_if<PluginOptionMaps>(option);
    if (maps != nullptr && !maps->is_list) return add_child(std::string(key), maps->maps.front());
    if (option != nullptr) mistake(key, "a map");
    return add_child(std::string(key), {});
  }

  /// A list of maps; absent is empty. Mistakes have the whole path: "keys[1].kid". The pointers are
  /// good for as long as this is.
  std::vector<PluginConfig*> maps(std::string_view key) {
    std::vector<PluginConfig*> children;
    const Option* option = look_up(key, "a list of maps", "[]");
    if (option == nullptr) return children;
    const auto* maps = std::get_if<PluginOptionMaps>(option);
    const auto* strings = std::get_if<std::vector<std::string>>(option);
    if (maps != nullptr && maps->is_list) {
      for (const PluginOptionMap& map : maps->maps) {
        const std::string path = std::string(key) + "[" + std::to_string(children.size()) + "]";
        children.push_back(&add_child(path, map));
      }
    } else if (strings == nullptr || !strings->empty()) {
      mistake(key, "a list of maps");
    }
    return children;
  }

  /// The names of all options that are here, sorted: for a map whose keys are the operator's own.
  /// Their order in the file: PluginHost::option_names().
  [[nodiscard]] std::vector<std::string> keys() const {
    std::vector<std::string> names;
    for (const auto& [key, option] : options_) names.push_back(key);
    return names;
  }

  /// Reports a mistake that only the plugin can see (two options that contradict each other). The
  /// operator reads "<key>: expected <expected>". An option that was not asked for stays unknown.
  void mistake(std::string_view key, std::string_view expected) {
    mistakes_.push_back(std::string(key) + ": expected " + std::string(expected));
  }

  // For the server, after the factory has returned. What is in maps follows what is beside them,
  // with the whole path as its key.

  /// What was asked for so far, in order.
  [[nodiscard]] std::vector<Known> known() const {
    std::vector<Known> all = known_;
    for (const PluginConfig& child : children_) {
      for (Known option : child.known()) {
        option.key = child.path_ + "." + option.key;
        all.push_back(std::move(option));
      }
    }
    return all;
  }
  /// Mistakes found so far: "<key>: expected <what>".
  [[nodiscard]] std::vector<std::string> mistakes() const {
    std::vector<std::string> all = mistakes_;
    for (const PluginConfig& child : children_) add_all(all, child, child.mistakes());
    return all;
  }
  /// The keys that are in the file and that nobody asked for.
  [[nodiscard]] std::vector<std::string> unread() const {
    std::vector<std::string> keys;
    for (const auto& [key, option] : options_) {
      if (!read_.contains(key)) keys.push_back(key);
    }
    for (const PluginConfig& child : children_) add_all(keys, child, child.unread());
    return keys;
  }

 private:
  static void add_all(std::vector<std::string>& all, const PluginConfig& child,
                      const std::vector<std::string>& lines) {
    for (const std::string& line : lines) all.push_back(child.path_ + "." + line);
  }

  /// With all its digits and no more: what is read back is the same number.
  static std::string text_of(double number) {
    char digits[400];
    const auto end = std::to_chars(digits, std::end(digits), number, std::chars_format::fixed);
    return {digits, end.ptr};
  }

  PluginConfig& add_child(std::string path, const PluginOptionMap& map) {
    PluginConfig& child = children_.emplace_back(map.options);
    child.path_ = std::move(path);
    return child;
  }

  /// The option that was looked up last is not there, and has to be. Follows a look_up() at once.
  void miss() {
    known_.back().default_value = kRequired;
    mistake(known_.back().key, known_.back().expected + ", got nothing; it is required");
  }

  /// Notes that the option has been asked for, and what it may be. Null: it is absent.
  const Option* look_up(std::string_view key, std::string_view expected,
                        std::string default_value) {
    read_.emplace(key);
    known_.push_back({std::string(key), std::string(expected), std::move(default_value)});
    const auto found = options_.find(key);
    return found == options_.end() ? nullptr : &found->second;
  }

  std::map<std::string, Option, std::less<>> options_;
  std::set<std::string, std::less<>> read_;
  std::vector<Known> known_;
  std::vector<std::string> mistakes_;
  std::string path_;  ///< of a map, in the options that it stands in
  std::list<PluginConfig> children_;
};

}  // namespace peer::sdk
