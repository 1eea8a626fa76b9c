#include <cstdio>
#include <exception>
#include <span>

#include "tools/peer-bench/options.h"
#include "tools/peer-bench/run.h"

namespace {

// Scripts tell a server's fault, or that there is none, from a wrong command line.
enum ExitStatus { kOk = 0, kFault = 1, kUsage = 2 };

ExitStatus run_and_print(const peer::bench::Options& options) {
  peer::bench::Report report;
  const bool ok = peer::bench::run(options, report);
  if (!options.quiet) std::fputs(report.table().c_str(), stderr);
  std::fputs(report.json().c_str(), stdout);
  return ok ? kOk : kFault;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto options = peer::bench::parse_options(
        std::span<const char* const>(argv, static_cast<std::size_t>(argc)).subspan(1));
    if (!options) {
      std::fprintf(stderr, "peer-bench: %s\n", options.error().message.c_str());
      return kUsage;
    }
    if (options->help) {
      std::fputs(peer::bench::help_text().c_str(), stdout);
      return kOk;
    }
    return run_and_print(*options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "peer-bench: %s\n", error.what());
    return kFault;
  }
}
