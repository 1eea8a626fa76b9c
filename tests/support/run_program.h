#pragma once

#include <string>

namespace peer::test {

/// How a program ended.
struct ProgramResult {
  int exit_status = -1;  ///< -1: ended by a signal
  std::string output{};  ///< what it wrote to standard output
};

/// Runs a shell command to its end.
ProgramResult run_program(const std::string& command);

}  // namespace peer::test
