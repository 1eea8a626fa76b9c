#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "tools/peer-bench/faults.h"
#include "tools/peer-bench/histogram.h"
#include "tools/peer-bench/measure.h"
#include "tools/peer-bench/options.h"
#include "tools/peer-bench/probes.h"
#include "tools/peer-bench/report.h"

/// What a run says of what it has measured: fields of its report. One thread.
namespace peer::bench {

/// The mode, and the sizes of what it has made.
void report_shape(Report& report, const Options& options);
/// What was measured of one load: rate, latency, CPU time of both sides.
void report_series(Report& report, const Subject& subject);
void report_latency(Report& report, const Histogram& latency);
/// Of the server's process, if it is known. `when`: "before".
void report_memory(Report& report, std::string_view when, const std::optional<MemoryUse>& use);
/// What the server's memory has grown by, for each of `peers`.
void report_per_peer(Report& report, const std::optional<MemoryUse>& before,
                     const std::optional<MemoryUse>& after, std::size_t peers);
/// What the kernel holds for the server's sockets that the stalled members are on: the fullest.
void report_stalled_sockets(Report& report, const Options& options);
/// How many of each kind. False: there are some.
bool report_faults(Report& report, const Faults& faults);

}  // namespace peer::bench
