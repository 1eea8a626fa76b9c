#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/duration.h>

#include "core/plugin/loader.h"
#include "core/process/prepare.h"
#include "tools/match-sim/report.h"
#include "tools/match-sim/simulation.h"

// Replays an arrival stream against the match strategy of a configuration. In: a YAML file and a
// CSV file. Out: a report on standard output. One thread.
namespace {

using namespace peer;
using match_sim::Arrival;

constexpr const char* kUsage = R"(match-sim: what a match strategy makes of a stream of requests

  match-sim [options] STREAM.csv      lines of time,rating,region,party ("-": standard input)
  match-sim --generate N [--per-second R] [--seed S]      writes such a stream

  --config FILE      the server's configuration; its plugins.match_strategy counts
  --namespace NAME   of the requests, which decides between several strategies
  --group-size N     default 2
  --teams NxM        N teams of M instead
  --rating-field F   the rating's name among the criteria, default skill; "" leaves it out
  --region-field F   that of the region, default region
  --region-lists     a region is a list, for the rule overlap; "eu|us" always is
  --bucket N         the rating is told as rating/N, rounded down
  --timeout T        who has waited so long gives up ("60s"); default: nobody does
  --patience T       time goes on so long after the last request, default 10m
  --groups           prints one line for each group instead of the report
)";

struct Arguments {
  std::string config;
  std::string stream;
  match_sim::Asking asking;
  std::chrono::milliseconds patience{600'000};
  bool prints_groups = false;
  std::size_t generate = 0;
  double per_second = 1;
  std::uint64_t seed = 1;
};

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "match-sim: " << what << '\n';
  std::exit(78);
}

double number(const std::string& name, const std::string& text, double least) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value >= least && value <= 1e9)) {
    fail(name + ": expected a number from " + std::to_string(least) + ", got '" + text + "'");
  }
  return value;
}

std::chrono::milliseconds duration(const std::string& name, const std::string& text) {
  const auto value = sdk::parse_duration(text);
  if (!value) fail(name + ": expected a duration such as 60s, got '" + text + "'");
  return *value;
}

void read_teams(const std::string& text, match_sim::Asking& asking) {
  const std::size_t by = text.find('x');
  if (by == text.npos) fail("--teams: expected NxM, got '" + text + "'");
  asking.team_count = static_cast<std::uint32_t>(number("--teams", text.substr(0, by), 1));
  asking.team_size = static_cast<std::uint32_t>(number("--teams", text.substr(by + 1), 1));
}

Arguments read_arguments(const std::vector<std::string>& words) {
  Arguments arguments;
  match_sim::Asking& asking = arguments.asking;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const auto value = [&]() -> const std::string& {
      if (i + 1 == words.size()) fail(word + ": expected a value");
      return words[++i];
    };
    const auto integer = [&] { return static_cast<std::uint32_t>(number(word, value(), 1)); };
    if (word == "--help") {
      std::cout << kUsage;
      std::exit(0);
    }
    if (word == "--config")
      arguments.config = value();
    else if (word == "--namespace")
      asking.ns = value();
    else if (word == "--group-size")
      asking.group_size = integer();
    else if (word == "--teams")
      read_teams(value(), asking);
    else if (word == "--rating-field")
      asking.rating_field = value();
    else if (word == "--region-field")
      asking.region_field = value();
    else if (word == "--region-lists")
      asking.regions_are_lists = true;
    else if (word == "--bucket")
      asking.bucket = number(word, value(), 0);
    else if (word == "--timeout")
      asking.timeout = duration(word, value());
    else if (word == "--patience")
      arguments.patience = duration(word, value());
    else if (word == "--groups")
      arguments.prints_groups = true;
    else if (word == "--generate")
      arguments.generate = integer();
    else if (word == "--per-second")
      arguments.per_second = number(word, value(), 1e-6);
    else if (word == "--seed")
      arguments.seed = integer();
    else if (word.starts_with("--"))
      fail("unknown option " + word + "; see --help");
    else
      arguments.stream = word;
  }
  if (arguments.generate == 0 && arguments.stream.empty()) fail("expected STREAM.csv; see --help");
  return arguments;
}

std::vector<Arrival> read_file(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path);
    if (!file) fail(path + ": cannot be read");
  }
  auto arrivals = match_sim::read_stream(path == "-" ? std::cin : file);
  if (!arrivals) fail(path + ": " + arrivals.error().message);
  return std::move(*arrivals);
}

/// The strategies of the configuration, as the server would load them.
LoadedPlugins load(const std::string& config_file) {
  CommandLine command_line;
  if (!config_file.empty()) command_line.config_file = config_file;
  command_line.working_directory = std::filesystem::current_path();
  LoadedConfig loaded = load_config(command_line, {});
  const auto directory = plugin_directory(loaded.config);
  if (!directory) fail(directory.error().message);
  LoadedPlugins plugins;
  if (loaded.mistakes.empty()) {
    plugins = load_plugins(loaded.config.plugins, *directory, loaded.mistakes);
  }
  for (const std::string& mistake : loaded.mistakes) std::cerr << mistake << '\n';
  if (!loaded.mistakes.empty()) fail("the configuration has mistakes");
  return plugins;
}

}  // namespace

int main(int count, char** words) {
  const Arguments arguments = read_arguments({words + 1, words + count});
  if (arguments.generate > 0) {
    match_sim::write_stream(
        std::cout,
        match_sim::make_stream(arguments.generate, arguments.per_second, arguments.seed));
    return 0;
  }
  const std::vector<Arrival> arrivals = read_file(arguments.stream);
  const LoadedPlugins plugins = load(arguments.config);
  const ByNamespace<sdk::MatchStrategy> strategies(plugins.match_strategies);
  const match_sim::Outcome outcome = match_sim::simulate(
      strategies.of(arguments.asking.ns), arrivals, arguments.asking, arguments.patience);
  arguments.prints_groups ? match_sim::print_groups(std::cout, arrivals, outcome)
                          : match_sim::print_report(std::cout, arrivals, outcome);
  return 0;
}
