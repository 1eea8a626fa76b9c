#pragma once

#include <string>

/// The server's log: Poco::Logger "peer", whose channel and level main() sets. Thread-safe.
/// Lines say what happened, where, and what to do; never payloads, keys or tokens.
namespace peer {

void log_error(const std::string& line);
void log_warning(const std::string& line);
void log_info(const std::string& line);
void log_debug(const std::string& line);
/// True when debug lines are written at all: ask before composing one.
[[nodiscard]] bool log_debug_enabled();

}  // namespace peer
