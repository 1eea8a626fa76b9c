#include "core/application.h"

#include <Poco/Util/ServerApplication.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <utility>
#include <vector>

#include "core/background.h"
#include "core/prepare.h"
#include "core/process.h"
#include "core/serve.h"

namespace peer {
namespace {

/// POCO's applications turn SIGSEGV and the like into exceptions; ours die of them, with a core.
class DefaultFaults {
 public:
  DefaultFaults() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], nullptr, &actions_[i]);
    }
  }
  void restore() const {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &actions_[i], nullptr);
    }
  }

 private:
  static constexpr std::array kSignals{SIGILL, SIGBUS, SIGSEGV, SIGSYS};
  std::array<struct sigaction, kSignals.size()> actions_{};
};

class Application final : public Poco::Util::ServerApplication {
 public:
  Application(const CommandLine& command_line, LoadedConfig loaded, Foreground& foreground)
      : command_line_(command_line), loaded_(std::move(loaded)), foreground_(foreground) {}

 private:
  // After the fork, so that threads of plugins live.
  int main(const std::vector<std::string>&) override {
    Prepared prepared = prepare(loaded_);
    if (!loaded_.mistakes.empty()) return report_mistakes(loaded_.mistakes);
    return serve(command_line_, loaded_.config, std::move(prepared),
                 [this] { foreground_.report(EXIT_OK); });
  }

  const CommandLine& command_line_;
  LoadedConfig loaded_;
  Foreground& foreground_;
};

std::vector<std::string> poco_arguments(const char* program, const CommandLine& command_line) {
  std::vector<std::string> arguments{program};
  if (command_line.daemon) arguments.emplace_back("--daemon");
  if (command_line.pidfile) {
    const std::filesystem::path file =
        std::filesystem::path(command_line.working_directory) / *command_line.pidfile;
    arguments.push_back("--pidfile=" + file.string());
  }
  return arguments;
}

/// All that a daemon could not tell any more. The plugins are made again later.
int check_before_detaching(LoadedConfig loaded) {
  if (loaded.config.log_file.empty()) {
    loaded.mistakes.emplace_back(
        "command line: --daemon: there is no standard error then; set "
        "log_file");
  }
  [[maybe_unused]] const Prepared prepared = prepare(loaded);
  return loaded.mistakes.empty() ? EXIT_SUCCESS : report_mistakes(loaded.mistakes);
}

}  // namespace

int run_application(const char* program, const CommandLine& command_line, LoadedConfig loaded) {
  if (command_line.daemon) {
    if (const int wrong = check_before_detaching(loaded); wrong != EXIT_SUCCESS) return wrong;
  }
  Foreground foreground(command_line.daemon);
  const DefaultFaults faults;
  Application application(command_line, std::move(loaded), foreground);
  faults.restore();
  std::vector<std::string> arguments = poco_arguments(program, command_line);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const int exit_code = application.run(static_cast<int>(arguments.size()), argv.data());
  foreground.report(exit_code);
  return exit_code;
}

}  // namespace peer
