#include "tools/peer-bench/figures.h"

#include <string>
#include <vector>

#include "tools/peer-bench/socket_memory.h"

// Which fields a report has, by what they tell of. In: what a run has measured. Out: fields, whose
// order is that of the calls in run.cc.
namespace peer::bench {

void report_memory(Report& report, std::string_view when, const std::optional<MemoryUse>& use) {
  if (!use) return;
  const std::string prefix = "server_memory_" + std::string(when);
  report.count(prefix + "_anonymous_bytes", use->anonymous);
  report.count(prefix + "_private_dirty_bytes", use->private_dirty);
}

void report_per_peer(Report& report, const std::optional<MemoryUse>& before,
                     const std::optional<MemoryUse>& after, std::size_t peers) {
  if (!before || !after) return;
  // Only of a server that was just started: an older one takes memory that it has freed before.
  const double grown =
      static_cast<double>(after->anonymous) - static_cast<double>(before->anonymous);
  report.number("server_memory_bytes_per_peer", grown / static_cast<double>(peers));
}

void report_latency(Report& report, const Histogram& latency) {
  report.number("latency_p50_us", to_microseconds(latency.quantile(0.5)));
  report.number("latency_p99_us", to_microseconds(latency.quantile(0.99)));
  report.number("latency_p999_us", to_microseconds(latency.quantile(0.999)));
  report.number("latency_max_us", to_microseconds(latency.max()));
}

void report_series(Report& report, const Subject& subject) {
  const Window total = subject.series.total();
  const double seconds = to_seconds(total.wall);
  report.text("unit", subject.load->unit());
  report.count("units", total.units);
  report.number("seconds", seconds);
  report.number("rate_per_sec", subject.series.rate());
  report_latency(report, subject.load->latency());
  if (subject.cpu) {
    report.number("server_cpu_us_per_unit", subject.series.cpu_us_per_unit());
    report.number("server_busy", to_seconds(total.subject_cpu) / seconds);
  }
  report.number("generator_cpu_us_per_unit",
                to_microseconds(total.generator_cpu) / static_cast<double>(total.units));
  report.number("generator_busy", to_seconds(total.generator_cpu) / seconds);
}

void report_shape(Report& report, const Options& options) {
  report.text("mode", name_of(options.mode));
  switch (options.mode) {
    case Mode::kSignal:
      report.count("pairs", options.pairs);
      report.count("namespace_size", options.namespace_size);
      break;
    case Mode::kMatch:
      report.count("pairs", options.pairs);
      report.count("waiting", options.waiting);
      break;
    case Mode::kBroadcast:
    case Mode::kSlow:
      report.count("members", options.members);
      report.count("senders", options.senders);
      if (options.mode == Mode::kSlow) report.count("stalled", options.stalled);
      break;
    case Mode::kIdle:
    case Mode::kPing:
      report.count("peers", options.peers);
      report.count("namespace_size", options.namespace_size);
      break;
    case Mode::kChurn:
    case Mode::kHostile:
      report.count("peers", options.peers);
      break;
    case Mode::kMixed:
      report.count("pairs", options.pairs);
      report.count("members", options.members);
      break;
    case Mode::kFloor:
      report.count("pairs", options.pairs);
      break;
  }
  report.count("payload_bytes", options.size);
  report.count("in_flight", options.in_flight);
}

void report_stalled_sockets(Report& report, const Options& options) {
  const std::vector<std::uint64_t> sockets = socket_memory(options.port);
  if (sockets.size() < options.stalled || options.stalled == 0) return;
  report.count("stalled_socket_kernel_bytes_max", sockets.front());
  report.count("stalled_socket_kernel_bytes_min", sockets[options.stalled - 1]);
}

bool report_faults(Report& report, const Faults& faults) {
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    const auto fault = static_cast<Fault>(i);
    report.count("faults_" + std::string(name_of(fault)), faults.count(fault));
  }
  if (faults.any()) report.text("first_fault", faults.first());
  report.flag("ok", !faults.any());
  return !faults.any();
}

}  // namespace peer::bench
