#include "core/admin/history_recorder.h"

#include <algorithm>
#include <chrono>

#include "core/http/process_usage.h"
#include "core/http/snapshot.h"

// Fills the history. In: the counters of the loops, the process and the broker, by a timer of the
// loop of the Server API. Out: a sample for History. The loops of peers do nothing for it but run
// an empty task a second each.
namespace peer {
namespace {

constexpr milliseconds kProbeInterval{1'000};

std::int64_t micros_now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void raise(std::atomic<std::int64_t>& longest, std::int64_t value) {
  std::int64_t known = longest;
  while (known < value && !longest.compare_exchange_weak(known, value)) continue;
}

std::uint64_t sum_of(const Snapshot::Messages& messages) {
  std::uint64_t errors = 0;
  for (const auto& of_type : messages.errors) {
    for (const std::uint64_t count : of_type) errors += count;
  }
  return errors;
}

}  // namespace

HistoryRecorder::HistoryRecorder(Node& node) : node_(node), history_(node.config().admin_history) {
  node_.history = &history_;
}

HistoryRecorder::~HistoryRecorder() { node_.history = nullptr; }

void HistoryRecorder::start(EventLoop& loop) {
  loop_ = &loop;
  for (std::size_t i = 0; i < node_.loops.size(); ++i) {
    probes_.push_back(std::make_shared<LagProbe>());
  }
  History::Sample first;
  last_ = add_gauges(first);
  probe_loops();
  loop.schedule(loop.now() + history_.interval(), [this] { take_sample(); });
}

void HistoryRecorder::probe_loops() {
  for (std::size_t i = 0; i < probes_.size(); ++i) {
    const std::shared_ptr<LagProbe>& probe = probes_[i];
    if (probe->posted != 0) continue;  // the loop has not run the one before
    probe->posted = micros_now();
    node_.loops[i]->post([probe] {
      raise(probe->longest, micros_now() - probe->posted);
      probe->posted = 0;
    });
  }
  loop_->schedule(loop_->now() + std::min(kProbeInterval, history_.interval()),
                  [this] { probe_loops(); });
}

std::int64_t HistoryRecorder::take_lag() {
  std::int64_t longest = 0;
  for (const std::shared_ptr<LagProbe>& probe : probes_) {
    const std::int64_t posted = probe->posted;
    if (posted != 0) longest = std::max(longest, micros_now() - posted);
    longest = std::max(longest, probe->longest.exchange(0));
  }
  return longest;
}

HistoryRecorder::Totals HistoryRecorder::add_gauges(History::Sample& sample) {
  const Snapshot snapshot = take_snapshot(node_);
  const ProcessUsage usage = process_usage(false);
  const NamespaceDirectory::Counts names = node_.namespaces.count();
  const auto set = [&](Series series, auto value) { sample[series] = static_cast<float>(value); };
  set(Series::kPeers, snapshot.peers);
  set(Series::kAway, snapshot.sessions.away);
  set(Series::kConnections, snapshot.network.connections);
  set(Series::kNamespaces, names.namespaces);
  set(Series::kRooms, names.rooms);
  set(Series::kTickets, snapshot.tickets);
  set(Series::kQueuedBytes, snapshot.network.queued_bytes);
  set(Series::kResidentBytes, usage.resident_bytes);
  set(Series::kBrokerMs, static_cast<double>(snapshot.broker.latency.count()) / 1000);
  Totals totals;
  totals.at = steady_now();
  totals.cpu_seconds = usage.cpu_seconds;
  totals.accepted = snapshot.network.accepted;
  for (const std::uint64_t count : snapshot.network.refusals) totals.refused += count;
  totals.received = snapshot.messages.received;
  totals.sent = snapshot.messages.sent;
  totals.received_bytes = snapshot.network.received_bytes;
  totals.sent_bytes = snapshot.network.sent_bytes;
  totals.dropped = snapshot.messages.dropped + snapshot.messages.mail_dropped;
  totals.errors = sum_of(snapshot.messages);
  totals.rate_limited = snapshot.messages.rate_limited;
  const MatchWaits& waits = node_.matching->waits();
  for (std::size_t i = 0; i <= waits.bounds().size(); ++i) totals.matched += waits.count(i);
  totals.waited = waits.sum();
  return totals;
}

void HistoryRecorder::take_sample() {
  History::Sample sample;
  sample.at = wall_now().time_since_epoch().count();
  const Totals now = add_gauges(sample);
  const double seconds = std::max(std::chrono::duration<double>(now.at - last_.at).count(), 0.001);
  const auto rate = [&](Series series, auto Totals::*total) {
    // Counts of several threads are not of one moment, so that a sum may come out lower.
    const double grown = static_cast<double>(now.*total) - static_cast<double>(last_.*total);
    sample[series] = static_cast<float>(std::max(grown, 0.0) / seconds);
  };
  rate(Series::kCpu, &Totals::cpu_seconds);
  rate(Series::kAccepted, &Totals::accepted);
  rate(Series::kRefused, &Totals::refused);
  rate(Series::kReceived, &Totals::received);
  rate(Series::kSent, &Totals::sent);
  rate(Series::kReceivedBytes, &Totals::received_bytes);
  rate(Series::kSentBytes, &Totals::sent_bytes);
  rate(Series::kDropped, &Totals::dropped);
  rate(Series::kErrors, &Totals::errors);
  rate(Series::kRateLimited, &Totals::rate_limited);
  rate(Series::kMatched, &Totals::matched);
  if (now.matched > last_.matched) {
    const std::chrono::duration<float, std::milli> waited = now.waited - last_.waited;
    sample[Series::kMatchWaitMs] = waited.count() / static_cast<float>(now.matched - last_.matched);
  }
  sample[Series::kLagMs] = static_cast<float>(take_lag()) / 1000;
  last_ = now;
  history_.add(sample);
  loop_->schedule(loop_->now() + history_.interval(), [this] { take_sample(); });
}

}  // namespace peer
