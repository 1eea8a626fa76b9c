#include "core/process/application.h"

#include <Poco/Util/ServerApplication.h>
#include <sys/stat.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include "core/log/log_output.h"
#include "core/process/background.h"
#include "core/process/pid_file.h"
#include "core/process/prepare.h"
#include "core/process/process.h"
#include "core/process/process_events.h"
#include "core/process/serve.h"

// The server as a process, on the main thread. In: the command line and what was read of the
// configuration. Out: the exit code. POCO's ServerApplication forks for --daemon; what it does
// beyond that is undone (umask, handlers of faults).
//
// The order matters. All that can be wrong is told while there is a stderr. The pid file is locked
// before the fork, so that the lock goes over to the daemon. Threads, and so plugins that are used,
// begin after it.
namespace peer {
namespace {

namespace fs = std::filesystem;

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

class Service final : public Poco::Util::ServerApplication {
 public:
  Service(const CommandLine& command_line, LoadedConfig loaded, Foreground& foreground,
          PidFile& pid_file)
      : command_line_(command_line),
        loaded_(std::move(loaded)),
        foreground_(foreground),
        pid_file_(pid_file),
        umask_(::umask(0)) {
    ::umask(umask_);
  }

 private:
  // After the fork, so that threads of plugins live.
  int main(const std::vector<std::string>&) override {
    ::umask(umask_);  // POCO's daemons take 027 instead
    keep_freed_memory();
    auto& events = *new ProcessEvents;  // it ends with the process
    events.use_longest_stop(longest_stop(loaded_.config));
    // Before the plugins: a signal must end also a process that hangs in one of them.
    if (const auto started = events.start(); !started) {
      write_log_line(loaded_.config, started.error().message);
      return kExitSystem;
    }
    if (const auto written = pid_file_.write(); !written) {
      write_log_line(loaded_.config, "--pidfile: " + written.error().message);
      return EXIT_FAILURE;
    }
    Prepared prepared = prepare(loaded_);
    if (!loaded_.mistakes.empty()) return report_mistakes(loaded_.mistakes);
    return serve(events, command_line_, loaded_.config, std::move(prepared),
                 [this] { foreground_.report(EXIT_OK); });
  }

  const CommandLine& command_line_;
  LoadedConfig loaded_;
  Foreground& foreground_;
  PidFile& pid_file_;
  const mode_t umask_;
};

/// That of the command line; none without. Prints why it cannot be had.
std::optional<PidFile> lock_pid_file(const CommandLine& command_line) {
  if (!command_line.pidfile) return PidFile();
  const fs::path path = fs::path(command_line.working_directory) / *command_line.pidfile;
  sdk::Result<PidFile> locked = PidFile::lock(path.lexically_normal().string());
  if (locked) return std::move(*locked);
  std::cerr << "peer-server: --pidfile: " << locked.error().message << '\n';
  return std::nullopt;
}

std::vector<std::string> poco_arguments(const char* program, const CommandLine& command_line) {
  std::vector<std::string> arguments{program};
  if (command_line.daemon) arguments.emplace_back("--daemon");
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
  if (const auto opened = check_log_file(loaded.config); !opened) {
    loaded.mistakes.push_back(opened.error().message);
  }
  return loaded.mistakes.empty() ? EXIT_SUCCESS : report_mistakes(loaded.mistakes);
}

}  // namespace

int run_application(const char* program, const CommandLine& command_line, LoadedConfig loaded) {
  if (!command_line.mistakes.empty()) {  // without a working directory POCO cannot even say so
    [[maybe_unused]] const Prepared prepared = prepare(loaded);
    return report_mistakes(loaded.mistakes);
  }
  if (command_line.daemon) {
    if (const int wrong = check_before_detaching(loaded); wrong != EXIT_SUCCESS) return wrong;
  }
  std::optional<PidFile> pid_file = lock_pid_file(command_line);
  if (!pid_file) return EXIT_FAILURE;
  Foreground foreground(command_line.daemon);
  const DefaultFaults faults;
  Service service(command_line, std::move(loaded), foreground, *pid_file);
  faults.restore();
  std::vector<std::string> arguments = poco_arguments(program, command_line);
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const int exit_code = service.run(static_cast<int>(arguments.size()), argv.data());
  // Only of a daemon that has not listened: the first report counts.
  foreground.report(exit_code);
  return exit_code;
}

}  // namespace peer
