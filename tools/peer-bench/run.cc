#include "tools/peer-bench/run.h"

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tools/peer-bench/affinity.h"
#include "tools/peer-bench/api_traffic.h"
#include "tools/peer-bench/broadcast_load.h"
#include "tools/peer-bench/churn_load.h"
#include "tools/peer-bench/figures.h"
#include "tools/peer-bench/floor.h"
#include "tools/peer-bench/hostile_crowd.h"
#include "tools/peer-bench/match_load.h"
#include "tools/peer-bench/measure.h"
#include "tools/peer-bench/mixed_load.h"
#include "tools/peer-bench/ping_load.h"
#include "tools/peer-bench/probes.h"
#include "tools/peer-bench/signal_load.h"

// One run, from options to report, on the main thread. In: Options. Out: fields of the Report in
// the order in which they are printed, and whether the server made a fault. The order of a run
// matters: the echo process is forked before there is a connection that it would inherit; memory is
// read before and after connecting; strays are listened for before anything counts as lost.
namespace peer::bench {
namespace {

/// A line on stderr every few seconds.
class Progress {
 public:
  explicit Progress(const Options& options) : options_(options) {}

  void tick(std::string_view what, std::uint64_t count, std::string_view unit) {
    const Instant now = Clock::now();
    if (options_.quiet || now - last_ < std::chrono::seconds(2)) return;
    last_ = now;
    const std::string line = "peer-bench " + std::string(what) + ": " + std::to_string(count) +
                             " " + std::string(unit) + "\n";
    std::fputs(line.c_str(), stderr);
  }

 private:
  const Options& options_;
  Instant last_ = Clock::now();
};

/// The echo process and what it is asked: one message under way, and as many as the server has.
class Floor {
 public:
  Floor() : cpu_(CpuClock::of_process(process_.pid())) {}

  void connect(const Options& options, std::size_t message_bytes) {
    single_ = std::make_unique<FloorLoad>(process_.port(),
                                          FloorLoad::Shape{options.pairs, message_bytes, 1});
    single_subject_ = {single_.get(), cpu_, {}};
    if (options.in_flight == 1) return;
    const FloorLoad::Shape shape{options.pairs, message_bytes, options.in_flight};
    burst_ = std::make_unique<FloorLoad>(process_.port(), shape);
    burst_subject_ = {burst_.get(), cpu_, {}};
  }

  void add_to(std::vector<Subject*>& subjects) {
    subjects.push_back(&single_subject_);
    if (burst_) subjects.push_back(&burst_subject_);
  }

  void report(const Series& server, Report& report) const {
    report_one("floor", single_subject_, server, report);
    if (burst_) report_one("floor_in_flight", burst_subject_, server, report);
  }

 private:
  static void report_one(const std::string& name, const Subject& subject, const Series& server,
                         Report& report) {
    report.count(name + "_message_bytes", subject.load->message_bytes());
    report.number(name + "_rate_per_sec", subject.series.rate());
    report.number(name + "_latency_p50_us", to_microseconds(subject.load->latency().quantile(0.5)));
    report.number(name + "_cpu_us_per_message", subject.series.cpu_us_per_unit());
    if (!server.windows.empty()) {
      report.number("times_" + name, median_ratio(server, subject.series));
    }
  }

  EchoProcess process_;
  std::optional<CpuClock> cpu_;
  std::unique_ptr<FloorLoad> single_;
  std::unique_ptr<FloorLoad> burst_;
  Subject single_subject_{};
  Subject burst_subject_{};
};

/// What --core asks for.
class CorePins {
 public:
  explicit CorePins(const Options& options) {
    if (options.core < 0) return;
    own_.emplace(0, options.core);
    if (options.pid != 0) server_.emplace(options.pid, options.core);
  }

 private:
  std::optional<CorePin> own_;
  std::optional<CorePin> server_;
};

std::optional<CpuClock> server_clock(const Options& options) {
  if (options.pid == 0) return std::nullopt;
  auto clock = CpuClock::of_process(options.pid);
  if (!clock)
    throw std::runtime_error("--pid " + std::to_string(options.pid) + ": no such process");
  return clock;
}

std::optional<MemoryUse> server_memory(const Options& options) {
  return options.pid == 0 ? std::nullopt : memory_of(options.pid);
}

/// Measures one load beside the floor, if that is wanted, and reports both.
void measure_load(const Options& options, Load& load, Floor* floor, Report& report) {
  Progress progress(options);
  Subject server{&load, server_clock(options), {}};
  std::vector<Subject*> subjects{&server};
  if (floor != nullptr) {
    // The floor echoes messages as long as those of the load, envelope included.
    floor->connect(options, load.message_bytes());
    floor->add_to(subjects);
  }
  measure(subjects, options, [&](const Load& current) {
    progress.tick(&current == &load ? name_of(options.mode) : "floor", current.units(),
                  current.unit());
  });
  report_series(report, server);
  if (floor != nullptr) floor->report(server.series, report);
}

/// In turns, a round without and a round beside requests to the Server API; the p99 of both.
void measure_beside_api(const Options& options, Load& load, Report& report) {
  Progress progress(options);
  ApiTraffic api(options);
  Options one_round = options;
  one_round.rounds = 1;
  one_round.seconds = options.seconds / options.rounds / 2;
  Subject server{&load, server_clock(options), {}};
  Histogram without;
  Histogram beside;
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    for (const bool with_api : {false, true}) {
      with_api ? api.resume() : api.pause();
      const Histogram before = load.latency();
      measure({&server}, one_round, [&](const Load& current) {
        progress.tick(with_api ? "beside the API" : "signal", current.units(), current.unit());
      });
      (with_api ? beside : without).add(load.latency().since(before));
    }
  }
  api.pause();
  report_series(report, server);
  report.number("without_api_p50_us", to_microseconds(without.quantile(0.5)));
  report.number("without_api_p99_us", to_microseconds(without.quantile(0.99)));
  report.number("beside_api_p50_us", to_microseconds(beside.quantile(0.5)));
  report.number("beside_api_p99_us", to_microseconds(beside.quantile(0.99)));
  report.number("api_p99_ratio",
                to_microseconds(beside.quantile(0.99)) / to_microseconds(without.quantile(0.99)));
  api.report(report);
}

/// A moment for messages that should not come: second copies of the last ones. They are counted as
/// they arrive.
void listen_for_strays(Load& load) {
  const Instant begin = Clock::now();
  while (Clock::now() - begin < std::chrono::milliseconds(200)) load.step();
}

void connect(const Options& options, PeerLoad& load) {
  Progress progress(options);
  load.connect_all([&](std::size_t ready) { progress.tick("connecting", ready, "peers ready"); });
}

void run_peer_load(const Options& options, PeerLoad& load, Floor* floor, Report& report) {
  const auto before = server_memory(options);
  connect(options, load);
  const auto connected = server_memory(options);
  if (options.api_port != 0) {
    measure_beside_api(options, load, report);
  } else {
    measure_load(options, load, floor, report);
  }
  listen_for_strays(load);
  // Before finish(), which lets the stalled members read.
  if (options.mode == Mode::kSlow) report_stalled_sockets(report, options);
  report_memory(report, "before", before);
  report_memory(report, "connected", connected);
  report_memory(report, "after", server_memory(options));
  report_per_peer(report, before, connected, load.size());
  load.finish();
}

void run_broadcast(const Options& options, Faults& faults, Floor* floor, Report& report) {
  const bool slow = options.mode == Mode::kSlow;
  BroadcastLoad load(options, slow ? options.stalled : 0, faults);
  run_peer_load(options, load, floor, report);
  if (!slow) return;
  report.count("stalled_due_copies", load.broadcasts() * options.stalled);
  report.count("stalled_received_copies", load.stalled_received());
  report.count("stalled_closed", load.stalled_closed());
}

void run_churn(const Options& options, Faults& faults, Floor* floor, Report& report) {
  ChurnLoad load(options, faults);
  const auto before = server_memory(options);
  measure_load(options, load, floor, report);
  report_memory(report, "before", before);
  report_memory(report, "after", server_memory(options));
  load.finish();
}

void run_mixed(const Options& options, Faults& faults, Report& report) {
  Progress progress(options);
  MixedLoad load(options, faults);
  load.connect_all([&](std::size_t ready) { progress.tick("connecting", ready, "peers ready"); });
  measure_load(options, load, nullptr, report);
  report.count("copies", load.copies());
  report.count("connections", load.connections());
  load.finish();
}

/// Steps for a time; then nothing that the peers' arrival caused is under way.
void hold(Load& load, double seconds, Progress& progress) {
  const Instant begin = Clock::now();
  while (to_seconds(Clock::now() - begin) < seconds) {
    load.step();
    progress.tick("holding", static_cast<std::uint64_t>(to_seconds(Clock::now() - begin)),
                  "seconds");
  }
}

void run_idle(const Options& options, Faults& faults, Report& report) {
  Progress progress(options);
  PingLoad load(options, faults);
  Subject server{&load, server_clock(options), {}};
  const CpuClock own = CpuClock::of_this_process();
  const auto cpu = [&server] { return server.cpu ? server.cpu->now() : Duration{0}; };

  const auto before = server_memory(options);
  const Instant begin = Clock::now();
  const Duration cpu_before = cpu();
  const Duration own_before = own.now();
  connect(options, load);
  const double seconds = to_seconds(Clock::now() - begin);
  const Duration cpu_connected = cpu();
  report.number("connect_seconds", seconds);
  report.number("connect_rate_per_sec", options.peers / seconds);
  report.number("join_latency_p50_us", to_microseconds(load.join_latency().quantile(0.5)));
  report.number("join_latency_p99_us", to_microseconds(load.join_latency().quantile(0.99)));
  report.number("join_latency_max_us", to_microseconds(load.join_latency().max()));
  report.number("generator_busy", to_seconds(own.now() - own_before) / seconds);

  // The work that the arrivals have caused at the server ends first.
  hold(load, options.warmup, progress);
  const auto connected = server_memory(options);
  const Duration cpu_idle = cpu();
  const Instant hold_begin = Clock::now();
  hold(load, options.seconds, progress);
  if (server.cpu) {
    const double held = to_seconds(Clock::now() - hold_begin);
    report.number("server_cpu_us_per_connect",
                  to_microseconds(cpu_connected - cpu_before) / options.peers);
    report.number("server_busy_while_idle", to_seconds(cpu() - cpu_idle) / held);
  }
  report_memory(report, "before", before);
  report_memory(report, "connected", connected);
  report_per_peer(report, before, connected, load.size());

  load.set_measuring(true);
  load.ask_each_once();
  drain(load, options.patience);
  report.count("alive_at_the_end", load.units());
  listen_for_strays(load);
  report_latency(report, load.latency());
  load.finish();
}

void run_hostile(const Options& options, Report& report) {
  constexpr std::chrono::milliseconds kSweepEvery(50);
  Progress progress(options);
  HostileCrowd crowd(options);
  const Instant begin = Clock::now();
  while (to_seconds(Clock::now() - begin) < options.seconds) {
    const Instant next = Clock::now() + kSweepEvery;
    crowd.sweep();
    progress.tick("hostile", options.peers, "clients");
    // The clients of the crowd are slow by nature: their pace is the point.
    std::this_thread::sleep_until(next);
  }
  crowd.report(report);
}

void run_floor(const Options& options, Floor& floor, Report& report) {
  Progress progress(options);
  floor.connect(options, options.size);
  std::vector<Subject*> subjects;
  floor.add_to(subjects);
  measure(subjects, options,
          [&](const Load& current) { progress.tick("floor", current.units(), current.unit()); });
  floor.report({}, report);
}

}  // namespace

bool run(const Options& options, Report& report) {
  raise_descriptor_limit();
  // Before the fork, so that the echo process is on the same core.
  const CorePins pins(options);
  Faults faults;
  // Forked before this process has a connection that the child would keep open.
  std::unique_ptr<Floor> floor;
  if (options.with_floor || options.mode == Mode::kFloor) floor = std::make_unique<Floor>();
  report_shape(report, options);
  switch (options.mode) {
    case Mode::kIdle:
      run_idle(options, faults, report);
      break;
    case Mode::kSignal: {
      SignalLoad load(options, faults);
      run_peer_load(options, load, floor.get(), report);
      break;
    }
    case Mode::kBroadcast:
    case Mode::kSlow:
      run_broadcast(options, faults, floor.get(), report);
      break;
    case Mode::kChurn:
      run_churn(options, faults, floor.get(), report);
      break;
    case Mode::kMixed:
      run_mixed(options, faults, report);
      break;
    case Mode::kMatch: {
      MatchLoad load(options, faults);
      run_peer_load(options, load, floor.get(), report);
      break;
    }
    case Mode::kPing: {
      PingLoad load(options, faults);
      run_peer_load(options, load, floor.get(), report);
      break;
    }
    case Mode::kHostile:
      run_hostile(options, report);
      break;
    case Mode::kFloor:
      run_floor(options, *floor, report);
      break;
  }
  return report_faults(report, faults);
}

}  // namespace peer::bench
