#include <charconv>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/child_trial.h"
#include "tools/plugin-check/check.h"

namespace {

constexpr const char* kUsage = R"(peer-plugin-check: looks at plugins before a server loads them

  peer-plugin-check [--timeout SECONDS] FILE.so...

Prints what each plugin says of itself, what it shows to others, and its options. What runs of it is tried in
a process of its own first; --timeout (10) is how long each may take, 1 to 600.

Ends with 0: this server loads them; 1: it refuses one; 2: wrong arguments; 3: it loads them, with warnings.
)";

/// The worst of what has been found.
enum Verdict { kFine = 0, kRefused = 1, kUsageError = 2, kWarned = 3 };

int usage_error(const std::string& what) {
  std::cerr << "peer-plugin-check: " << what << "; see --help\n";
  return kUsageError;
}

Verdict show(const std::string& file, unsigned seconds) {
  const auto findings = peer::plugin_check::check(file, seconds);
  std::cout << file << '\n' << findings.report;
  for (const std::string& error : findings.errors) std::cout << "  error: " << error << '\n';
  for (const std::string& warning : findings.warnings)
    std::cout << "  warning: " << warning << '\n';
  if (!findings.errors.empty()) return kRefused;
  std::cout << "  this server loads it\n";
  return findings.warnings.empty() ? kFine : kWarned;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> files;
  unsigned seconds = peer::kTrialSeconds;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help" || word == "-h") {
      std::cout << kUsage;
      return kFine;
    }
    if (word == "--timeout") {
      const std::string_view value = i + 1 < argc ? argv[++i] : "";
      const auto end = value.data() + value.size();
      const auto read = std::from_chars(value.data(), end, seconds);
      if (read.ptr != end || value.empty() || seconds < 1 || seconds > 600) {
        return usage_error("--timeout: expected seconds from 1 to 600, got '" + std::string(value) +
                           "'");
      }
    } else if (word.starts_with("-")) {
      return usage_error("unknown option '" + std::string(word) + "'");
    } else {
      files.emplace_back(word);
    }
  }
  if (files.empty()) return usage_error("expected the file of a plugin");
  bool is_refused = false;
  bool is_warned = false;
  for (const std::string& file : files) {
    const Verdict verdict = show(file, seconds);
    is_refused = is_refused || verdict == kRefused;
    is_warned = is_warned || verdict == kWarned;
  }
  return is_refused ? kRefused : is_warned ? kWarned : kFine;
}
