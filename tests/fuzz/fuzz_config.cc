#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/config/keys.h"
#include "core/config/load_config.h"
#include "core/config/print_config.h"

// Any bytes as a configuration file in both languages, as a variable and as an argument. What
// loads has sane values; what does not says why, in lines that an operator's terminal can take.

namespace {

using namespace peer;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_printable(const std::vector<std::string>& lines) {
  require(lines.size() <= 101);
  for (const std::string& line : lines) {
    require(!line.empty() && line.size() < 1000);
    for (const char c : line) require(static_cast<unsigned char>(c) >= 0x20);
  }
}

/// What --print-config writes says the same.
void require_round_trip(const LoadedConfig& loaded) {
  const LoadedConfig again = load_config_text(print_config(loaded), "/etc/again.yaml");
  require(again.mistakes.empty());
  for (const ConfigKey& key : config_keys()) {
    require(is_secret(key, loaded.config) || key.write(loaded.config) == key.write(again.config));
  }
}

/// The value of a line "key: value", if it is a plain word; a comment may follow.
std::string_view word_after(std::string_view line, const std::string& key) {
  if (!line.starts_with(key + ": ")) return {};
  line.remove_prefix(key.size() + 2);
  constexpr std::string_view kWord =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/";
  const std::string_view word = line.substr(0, line.find_first_not_of(kWord));
  return word == line || line.substr(word.size()).starts_with(" #") ? word : std::string_view();
}

/// Reads the file as a person does, line by line: each "key: word" at the left edge must have set
/// that key. Lists and maps in brackets may go over lines, so a text that has any is left out.
void require_every_line_counts(std::string_view text, const LoadedConfig& loaded) {
  if (text.find_first_of("{[") != std::string_view::npos) return;
  int number = 1;
  for (std::size_t begin = 0; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    for (const ConfigKey& key : config_keys()) {
      const std::string_view word = word_after(line, key.name);
      if (word.empty() || word == "null" || word == "Null" || word == "NULL") continue;
      if (key.path != key.name) continue;  // short for another, which may be set too
      const auto origin = loaded.origins.find(key.path);
      require(origin != loaded.origins.end());
      require(origin->second == "/etc/fuzz.yaml:" + std::to_string(number));
    }
  }
}

void check(const LoadedConfig& loaded) {
  require_printable(loaded.mistakes);
  require_printable(loaded.warnings);
  if (!loaded.mistakes.empty()) return;
  const Config& config = loaded.config;
  require(config.max_peers >= 1 && config.rate_limit_burst >= 1 && config.discover_limit_max >= 1);
  require((config.shard_count & (config.shard_count - 1)) == 0 && config.shard_count != 0);
  require(config.ping_interval.count() > 0 && config.match_timeout.count() >= 0);
  require(config.tls_cert.empty() == config.tls_key.empty());
  require(!config.plugins.broker.front().name.empty() &&
          !config.plugins.broker.front().where.empty());
  require_round_trip(loaded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const LoadedConfig from_yaml = load_config_text(text, "/etc/fuzz.yaml");
  check(from_yaml);
  if (from_yaml.mistakes.empty()) require_every_line_counts(text, from_yaml);
  check(load_config_text(text, "/etc/fuzz.json"));

  const std::string value = text.substr(0, text.find('\0'));  // as the system would pass it
  check(load_config({},
                    {{"PEER_READ_TIMEOUT", value}, {"REDIS_ADDR", value}, {"PEER_" + value, "1"}}));

  const char* const arguments[] = {"peer-server", "--set", value.c_str(), value.c_str()};
  CommandLine command_line = parse_command_line(4, arguments);
  command_line.config_file.reset();  // the input must not choose what is read
  check(load_config(command_line, {}));
  return 0;
}
