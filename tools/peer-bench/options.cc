#include "tools/peer-bench/options.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>
#include <variant>

#include "tools/peer-bench/payload.h"

// The command line of peer-bench. In: arguments. Out: Options, or the first thing that is wrong
// with them. One table of modes and one of flags serve parser and --help, so that neither can know
// more than the other. No state, any thread.
namespace peer::bench {
namespace {

struct ModeName {
  Mode mode;
  std::string_view name;
  std::string_view help;
};

constexpr std::array<ModeName, 10> kModes{{
    {Mode::kIdle, "idle",
     "connect, register and join --peers peers, hold them, ask each for a pong"},
    {Mode::kSignal, "signal", "--pairs pairs that answer each signal with a signal"},
    {Mode::kBroadcast, "broadcast", "--senders of --members members; a unit is one copy"},
    {Mode::kSlow, "slow", "broadcast, with --stalled further members that never read"},
    {Mode::kChurn, "churn", "connect, register, close, by --peers at a time"},
    {Mode::kMatch, "match", "--pairs pairs matched again and again; a unit is both told"},
    {Mode::kPing, "ping", "--peers peers that send ping and await pong"},
    {Mode::kMixed, "mixed",
     "100 signals a second in each of --pairs pairs, beside 10 broadcasts a second to --members "
     "and 50 connects a second; a unit is a signal"},
    {Mode::kHostile, "hostile",
     "--peers slow and hostile clients of seven kinds, to run beside another mode"},
    {Mode::kFloor, "floor", "no server: a raw epoll echo process of its own"},
}};

// pid_t is int.
using Field = std::variant<bool Options::*, std::uint16_t Options::*, std::uint32_t Options::*,
                           int Options::*, double Options::*, std::string Options::*>;

struct Flag {
  std::string_view name;
  Field field;
  double min;
  double max;
  std::string_view help;
};

constexpr double kNoLimit = std::numeric_limits<std::uint32_t>::max();
constexpr double kMaxSeconds = 86400;

const std::array<Flag, 31> kFlags{{
    {"host", &Options::host, 0, 0, "server [127.0.0.1]; 127.* is met from many source addresses"},
    {"port", &Options::port, 1, 65535, "server's port [8080]"},
    {"more-ports", &Options::more_ports, 0, 0,
     "other nodes' ports, with commas; connections take turns, so pairs are on two nodes"},
    {"path", &Options::path, 0, 0, "endpoint [/ws]"},
    {"tls", &Options::tls, 0, 0, "speak TLS; the certificate is not verified"},
    {"pid", &Options::pid, 1, 1 << 22, "server's process, for its CPU time and memory"},
    {"seconds", &Options::seconds, 0.01, kMaxSeconds, "measured time, all rounds together [5]"},
    {"units", &Options::units, 1, kNoLimit,
     "instead of --seconds: one round without a warm-up, of so many units and what is under way "
     "then"},
    {"warmup", &Options::warmup, 0, kMaxSeconds, "seconds before each round, not measured [0.5]"},
    {"rounds", &Options::rounds, 1, 1000, "rounds, each with the floor's beside it [5]"},
    {"patience", &Options::patience, 0.01, 600,
     "seconds without progress until what is missing is lost [5]"},
    {"core", &Options::core, 0, CPU_SETSIZE - 1,
     "run it all, the server of --pid too, on this core: the steadiest figures"},
    {"with-floor", &Options::with_floor, 0, 0, "run the floor in turns with the server"},
    {"quiet", &Options::quiet, 0, 0, "no progress and no table, only the JSON object"},
    {"peers", &Options::peers, 1, 1'000'000,
     "peers of idle and hostile [1000], ping [100], churn [32]"},
    {"namespace-size", &Options::namespace_size, 1, kNoLimit, "peers in each namespace [10]"},
    {"quiet-joins", &Options::quiet_joins, 0, 0,
     "the server has quiet_namespaces: [bench-*]: a peer_joined is a fault"},
    {"resumable", &Options::resumable, 0, 0, "peers register with resume: true"},
    {"connecting", &Options::connecting, 1, 4096, "connections being opened at a time [64]"},
    {"pairs", &Options::pairs, 1, 1'000'000, "pairs of signal, match and floor [100]"},
    {"size", &Options::size, PayloadFormat::kMinSize, 1 << 20, "bytes of a JSON payload [200]"},
    {"varied", &Options::varied, 0, 0,
     "signal: lengths of 20 % more and less, escapes, UTF-8, other orders of the members, the "
     "target "
     "by its alias or in capitals"},
    {"in-flight", &Options::in_flight, 1, 4096,
     "messages under way, for each pair, sender or pinging peer [1]"},
    {"members", &Options::members, 2, 1'000'000, "members of the broadcast namespace [500]"},
    {"senders", &Options::senders, 1, 1'000'000, "how many of the members send [1]"},
    {"stalled", &Options::stalled, 0, 1'000'000, "members of slow that never read [10]"},
    {"waiting", &Options::waiting, 0, 1'000'000,
     "match: further peers, whose tickets with criteria of their own wait in the pairs' namespace "
     "[0]"},
    {"api-port", &Options::api_port, 1, 65535,
     "signal: measure in turns without and beside requests to the Server API on this port"},
    {"api-token", &Options::api_token, 0, 0, "its token, with role write"},
    {"api-rate", &Options::api_rate, 4, 100'000, "requests a second to it [200]"},
    {"help", &Options::help, 0, 0, "this text"},
}};

const Flag* find_flag(std::string_view name) {
  const auto* found = std::find_if(kFlags.begin(), kFlags.end(),
                                   [name](const Flag& flag) { return flag.name == name; });
  return found == kFlags.end() ? nullptr : found;
}

template <typename Number>
bool read_number(std::string_view text, const Flag& flag, Number& out) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // Bounds are doubles for all types: these hold each integer of a flag exactly.
  const auto value = static_cast<double>(number);
  // Written so that NaN is refused.
  const bool in_range = value >= flag.min && value <= flag.max;
  if (error != std::errc() || end != text.data() + text.size() || !in_range) return false;
  out = number;
  return true;
}

bool set_value(Options& options, const Flag& flag, std::string_view text) {
  return std::visit(
      [&](auto field) {
        auto& value = options.*field;
        using Value = std::remove_reference_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, std::string>) {
          value = text;
          return true;
        } else if constexpr (std::is_same_v<Value, bool>) {
          value = true;
          return text.empty();
        } else {
          return read_number(text, flag, value);
        }
      },
      flag.field);
}

sdk::Error bad_value(const Flag& flag, std::string_view text) {
  std::string message = "--" + std::string(flag.name) + ": '" + std::string(text) + "'";
  return sdk::Error{message + " is out of range or no number; " + std::string(flag.help)};
}

/// The options that depend on each other, and the defaults that depend on the mode.
sdk::Result<Options> checked(Options options) {
  if (options.senders > options.members) return sdk::Error{"--senders: more than --members"};
  if (options.mode == Mode::kSignal && options.namespace_size % 2 != 0) {
    return sdk::Error{"--namespace-size: must be even, pairs share a namespace"};
  }
  if (options.api_port != 0 && options.mode != Mode::kSignal) {
    return sdk::Error{"--api-port: only for signal"};
  }
  if (options.peers == 0) {
    const bool many = options.mode == Mode::kIdle || options.mode == Mode::kHostile;
    options.peers = many ? 1000 : options.mode == Mode::kPing ? 100 : 32;
  }
  return options;
}

std::optional<Mode> mode_of(std::string_view name) {
  for (const ModeName& mode : kModes) {
    if (mode.name == name) return mode.mode;
  }
  return std::nullopt;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

}  // namespace

std::string_view name_of(Mode mode) {
  return std::find_if(kModes.begin(), kModes.end(),
                      [mode](const ModeName& known) { return known.mode == mode; })
      ->name;
}

sdk::Result<Options> parse_options(std::span<const char* const> arguments) {
  Options options;
  bool has_mode = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (!argument.starts_with("--")) {
      const auto mode = mode_of(argument);
      if (!mode || has_mode) return sdk::Error{"unknown mode '" + std::string(argument) + "'"};
      options.mode = *mode;
      has_mode = true;
      continue;
    }
    argument.remove_prefix(2);
    const std::size_t equals = argument.find('=');
    const Flag* flag = find_flag(argument.substr(0, equals));
    if (flag == nullptr) return sdk::Error{"unknown option '--" + std::string(argument) + "'"};
    std::string_view value;
    // A flag that takes no value must not swallow the next argument.
    if (equals != std::string_view::npos) {
      value = argument.substr(equals + 1);
    } else if (!std::holds_alternative<bool Options::*>(flag->field) && i + 1 < arguments.size()) {
      value = arguments[++i];
    }
    if (!set_value(options, *flag, value)) return bad_value(*flag, value);
  }
  if (!has_mode && !options.help) return sdk::Error{"no mode; see peer-bench --help"};
  return checked(std::move(options));
}

std::string help_text() {
  std::string text =
      "usage: peer-bench MODE [--option VALUE]...\n\n"
      "Loads a signaling server, checks every message, and exits with 1 if one is lost, altered,\n"
      "repeated, out of order or from the wrong sender. The table goes to stderr, one JSON object\n"
      "to stdout.\n\nModes:\n";
  for (const ModeName& mode : kModes) {
    text += "  " + padded(std::string(mode.name), 18) + std::string(mode.help) + "\n";
  }
  text += "\nOptions [default]:\n";
  for (const Flag& flag : kFlags) {
    text += "  --" + padded(std::string(flag.name), 16) + std::string(flag.help) + "\n";
  }
  text +=
      "\nExamples (the server needs high rate limits: rate_limit_per_sec, rate_limit_burst):\n"
      "  peer-bench signal --port 8080 --pid $(pidof peer-server) --with-floor --core 1\n"
      "  peer-bench signal --size 3000 --in-flight 16 --pid $(pidof peer-server)\n"
      "  peer-bench broadcast --members 500 --senders 8 --pid $(pidof peer-server)\n"
      "  peer-bench idle --peers 15000 --seconds 60 --pid $(pidof peer-server)\n"
      "  peer-bench slow --members 50 --stalled 10 --size 2000\n"
      "  peer-bench floor --size 200\n"
      "\nExit status: 0 all arrived as sent, 1 a fault or no server, 2 wrong usage.\n";
  return text;
}

}  // namespace peer::bench
