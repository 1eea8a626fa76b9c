#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "tools/peer-bench/load.h"
#include "tools/peer-bench/options.h"
#include "tools/peer-bench/probes.h"

namespace peer::bench {

/// One stretch of steady traffic: all numbers are of the same time, warm-up and drain excluded.
struct Window {
  std::uint64_t units = 0;
  Duration wall{0};
  Duration subject_cpu{0};    ///< of the process that serves the load
  Duration generator_cpu{0};  ///< of this process
};

/// The windows of one load.
struct Series {
  std::vector<Window> windows;

  [[nodiscard]] Window total() const;
  [[nodiscard]] double rate() const;             ///< units a second
  [[nodiscard]] double cpu_us_per_unit() const;  ///< of the subject
};

/// The median over the rounds of (a's CPU per unit / b's): noise that lasts longer than a round
/// meets both and cancels. Zero when there is nothing to compare.
[[nodiscard]] double median_ratio(const Series& a, const Series& b);

/// A load, and the process whose CPU time it costs; that of the server is not always known.
struct Subject {
  Load* load;
  std::optional<CpuClock> cpu;
  Series series;
};

/// A line of progress; called a few times a second.
using OnTick = std::function<void(const Load&)>;

/// Steps until nothing is in flight. False when nothing arrives for `patience` seconds although
/// something should.
bool drain(Load& load, double patience);

/// Runs the subjects in turns: each has `rounds` windows, which share `seconds`. Stops early,
/// with false, when a load does not drain: what it lacks then is lost.
bool measure(const std::vector<Subject*>& subjects, const Options& options, const OnTick& on_tick);

}  // namespace peer::bench
