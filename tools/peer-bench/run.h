#pragma once

#include "tools/peer-bench/options.h"
#include "tools/peer-bench/report.h"

namespace peer::bench {

/// Runs what the options say and fills the report. False when the server lost, changed or refused
/// something. Throws std::exception when the run cannot take place: no server, no such process, no
/// more descriptors.
[[nodiscard]] bool run(const Options& options, Report& report);

}  // namespace peer::bench
