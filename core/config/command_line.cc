#include "core/config/command_line.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "core/config/draft.h"
#include "core/config/keys.h"
#include "core/config/nearest.h"
#include "core/config/settings_tree.h"

// The command line. In: the arguments of main(). Out: a CommandLine, whose settings are texts
// still: load_config() judges them by the same table as those of the file. Main thread, before
// anything else. All mistakes are collected, so that one start reports them all. No mistake repeats
// the value of an unknown argument: it may be a password.
namespace peer {
namespace {

/// The arguments that have not been read yet, and what has been understood so far.
class ArgumentReader {
 public:
  explicit ArgumentReader(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {}

  CommandLine read() {
    while (next_ < arguments_.size()) read_argument(arguments_[next_++]);
    return std::move(result_);
  }

 private:
  void read_argument(const std::string& argument) {
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    inline_value_.reset();
    if (equals != std::string::npos) inline_value_ = argument.substr(equals + 1);
    if (name == "-config" || name == "--config") {
      read_once(name, "a file", result_.config_file);
    } else if (name == "--port-file") {
      read_once(name, "a file", result_.port_file);
    } else if (name == "--pidfile") {
      read_once(name, "a file", result_.pidfile);
    } else if (name == "--set") {
      read_setting();
    } else if (bool* flag = flag_of(name)) {
      *flag = true;
      if (inline_value_) mistake(name, "expected no value; remove it");
    } else {
      unknown(name);
    }
  }

  bool* flag_of(std::string_view name) {
    if (name == "--help" || name == "-h") return &result_.help;
    if (name == "--version") return &result_.version;
    if (name == "--daemon") return &result_.daemon;
    if (name == "--health-check") return &result_.health_check;
    if (name == "--check-config") return &result_.check_config;
    if (name == "--print-config") return &result_.print_config;
    if (name == "--list-plugins") return &result_.list_plugins;
    return nullptr;
  }

  void read_once(const std::string& name, const char* expected,
                 std::optional<std::string>& target) {
    auto value = take_value();
    if (!value || value->empty()) {
      mistake(name, std::string("expected ") + expected + ", got nothing");
    } else if (target) {
      mistake(name, "given twice; remove one");
    } else {
      target = std::move(value);
    }
  }

  void read_setting() {
    const auto value = take_value();
    const std::size_t equals = value ? value->find('=') : std::string::npos;
    if (equals == std::string::npos || equals == 0) {
      mistake("--set", "expected key=value, such as --set max_peers=500");
    } else {
      result_.settings.emplace_back(value->substr(0, equals), value->substr(equals + 1));
    }
  }

  /// The text behind the '=', or else the next argument unless it is an option itself.
  std::optional<std::string> take_value() {
    if (inline_value_) return inline_value_;
    // One dash may begin a value, such as a negative number.
    if (next_ == arguments_.size() || arguments_[next_].starts_with("--")) return std::nullopt;
    return arguments_[next_++];
  }

  void unknown(const std::string& name) {
    if (!name.starts_with('-')) {
      const std::string number = std::to_string(next_);
      mistake("argument " + number, "expected an option; write --config FILE or --set KEY=VALUE");
      return;
    }
    // The next argument is its value, most likely.
    if (!inline_value_ && next_ < arguments_.size() && !arguments_[next_].starts_with('-')) ++next_;
    mistake(in_quotes(name), "unknown option" + hint_for(name));
  }

  static std::string hint_for(std::string_view name) {
    std::string key(name.substr(std::min(name.find_first_not_of('-'), name.size())));
    std::replace(key.begin(), key.end(), '-', '_');
    if (find_config_key(key) != nullptr) return "; write --set " + key + "=VALUE";
    return did_you_mean(
        name, {"--config", "--set", "--port-file", "--pidfile", "--daemon", "--check-config",
               "--print-config", "--list-plugins", "--health-check", "--help", "--version"});
  }

  void mistake(const std::string& where, const std::string& what) {
    result_.mistakes.push_back("command line: " + where + ": " + what);
  }

  std::vector<std::string> arguments_;
  std::size_t next_ = 0;
  std::optional<std::string> inline_value_;
  CommandLine result_;
};

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) arguments.emplace_back(argv[i]);
  CommandLine command_line = ArgumentReader(std::move(arguments)).read();
  std::error_code error;
  command_line.working_directory = std::filesystem::current_path(error);
  if (error) {
    command_line.mistakes.push_back("command line: there is no working directory any more (" +
                                    error.message() + "); start in a directory that exists");
  }
  return command_line;
}

ConfigNode settings_tree(const CommandLine& command_line) {
  ConfigNode root;
  root.kind = ConfigNode::Kind::kMap;
  for (const auto& [key, value] : command_line.settings) add_setting(root, key, value);
  if (command_line.port_file) add_setting(root, "port_file", *command_line.port_file);
  return root;
}

std::string help_text() {
  return R"(usage: peer-server [options]

A WebSocket signaling server: peers register, find each other, and exchange messages.

  --config FILE     read settings from FILE, YAML or JSON (-config FILE works too)
  --set KEY=VALUE   set one key, over the file and the environment; may be repeated
  --port-file FILE  write the port to FILE once the server listens (for port 0)
  --daemon          go to the background once the server listens; needs log_file
  --pidfile FILE    hold the process id in FILE, locked, and remove it at the end
  --check-config    check settings, certificate and plugins, report all mistakes, and exit
  --print-config    print the settings as YAML, with where each comes from, and exit
  --list-plugins    print the plugins that can be loaded, with their options, and exit
  --health-check    ask the server of these settings for /health, and exit: 0 if it is well
  --version         print the version and exit
  --help            print this and exit

Settings: defaults < file < environment < command line. All keys, with their defaults and
units, are in config/peer-server.yaml. A key is PEER_<KEY> in the environment; the shorter
PEER_BROKER, PEER_COMPRESSION, PEER_SEND_BUFFER, REDIS_ADDR, REDIS_PASSWORD, TLS_CERT and
TLS_KEY work too, and REDIS_PASSWORD_FILE names a file that holds the password. For plugins
'__' stands for a dot: PEER_PLUGINS__AUTH__NAME, PEER_PLUGINS__AUTH__OPTIONS__<OPTION>.

examples:
  peer-server --config config/peer-server.yaml
  peer-server --set plugins.room_policy.options.max_size=40
  PEER_PORT=9090 PEER_MAX_PEERS=50000 peer-server
  PEER_BROKER=redis REDIS_ADDR=redis:6379 peer-server
)";
}

}  // namespace peer
