#include "tools/peer-bench/measure.h"

#include <algorithm>
#include <utility>

// Windows of steady traffic. In: loads, each with the clock of the process that serves it. Out: for
// each load a series of windows: units, time, CPU of both sides. One thread. A round is a window of
// each load in turn, because noise of the machine that lasts longer than a round then meets all of
// them. A window has neither the beginning of the traffic (warm-up) nor its end (drain) in it.
namespace peer::bench {
namespace {

struct Reading {
  std::uint64_t units;
  Instant time;
  Duration subject_cpu;
  Duration generator_cpu;
};

Reading read_all(const Subject& subject) {
  return {subject.load->units(), Clock::now(), subject.cpu ? subject.cpu->now() : Duration{0},
          CpuClock::of_this_process().now()};
}

Window between(const Reading& begin, const Reading& end) {
  return {end.units - begin.units, end.time - begin.time, end.subject_cpu - begin.subject_cpu,
          end.generator_cpu - begin.generator_cpu};
}

void run_for(Load& load, double seconds, const OnTick& on_tick) {
  const Instant end =
      Clock::now() + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  while (Clock::now() < end) {
    load.step();
    on_tick(load);
  }
}

/// All units of the load, from the first to the last: for who counts something else beside them,
/// and divides it by their number.
bool run_units(Subject& subject, const Options& options, const OnTick& on_tick) {
  Load& load = *subject.load;
  const Reading begin = read_all(subject);
  load.set_measuring(true);
  load.resume();
  Instant last_progress = Clock::now();
  for (std::uint64_t done = 0; done < options.units;) {
    load.step();
    on_tick(load);
    const std::uint64_t now_done = load.units() - begin.units;
    if (std::exchange(done, now_done) != now_done) last_progress = Clock::now();
    if (to_seconds(Clock::now() - last_progress) > options.patience) break;
  }
  load.pause();
  const bool complete = drain(load, options.patience);
  load.set_measuring(false);
  subject.series.windows.push_back(between(begin, read_all(subject)));
  return complete;
}

bool run_window(Subject& subject, const Options& options, const OnTick& on_tick) {
  if (options.units > 0) return run_units(subject, options, on_tick);
  Load& load = *subject.load;
  load.resume();
  run_for(load, options.warmup, on_tick);
  load.set_measuring(true);
  // Messages are under way at both ends of a window: some arrive in it that left before, and as
  // many leave in it that arrive later.
  const Reading begin = read_all(subject);
  run_for(load, options.seconds / options.rounds, on_tick);
  subject.series.windows.push_back(between(begin, read_all(subject)));
  load.set_measuring(false);
  load.pause();
  return drain(load, options.patience);
}

double cpu_per_unit(const Window& window) {
  return window.units == 0
             ? 0
             : to_microseconds(window.subject_cpu) / static_cast<double>(window.units);
}

}  // namespace

bool drain(Load& load, double patience) {
  Instant last_progress = Clock::now();
  std::uint64_t left = load.in_flight();
  while (left > 0) {
    load.step();
    if (load.in_flight() != left) {
      left = load.in_flight();
      last_progress = Clock::now();
    } else if (to_seconds(Clock::now() - last_progress) > patience) {
      return false;
    }
  }
  return true;
}

Window Series::total() const {
  Window sum;
  for (const Window& window : windows) {
    sum.units += window.units;
    sum.wall += window.wall;
    sum.subject_cpu += window.subject_cpu;
    sum.generator_cpu += window.generator_cpu;
  }
  return sum;
}

double Series::rate() const {
  const Window sum = total();
  return sum.wall.count() == 0 ? 0 : static_cast<double>(sum.units) / to_seconds(sum.wall);
}

double Series::cpu_us_per_unit() const { return cpu_per_unit(total()); }

double median_ratio(const Series& a, const Series& b) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(a.windows.size(), b.windows.size()); ++i) {
    const double divisor = cpu_per_unit(b.windows[i]);
    if (divisor > 0) ratios.push_back(cpu_per_unit(a.windows[i]) / divisor);
  }
  if (ratios.empty()) return 0;
  const auto middle = ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 2);
  std::nth_element(ratios.begin(), middle, ratios.end());
  return *middle;
}

bool measure(const std::vector<Subject*>& subjects, const Options& options, const OnTick& on_tick) {
  const std::uint32_t rounds = options.units > 0 ? 1 : options.rounds;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    for (Subject* subject : subjects) {
      if (!run_window(*subject, options, on_tick)) return false;
    }
  }
  return true;
}

}  // namespace peer::bench
