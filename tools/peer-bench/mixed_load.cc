#include "tools/peer-bench/mixed_load.h"

#include <algorithm>

// Several loads on one thread, each with its own epoll. In: the time. Out: each load is let go for
// one moment whenever it is due: what it then has to send leaves, and what comes back is answered
// when it is due again. The pairs are parted, so that not all of them signal at the same moment.
namespace peer::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSignalEvery{10};
constexpr milliseconds kBroadcastEvery{100};
constexpr milliseconds kConnectEvery{20};
constexpr std::uint32_t kParts = 10;  // of the pairs

}  // namespace

MixedLoad::MixedLoad(const Options& options, Faults& faults) {
  const auto part_of = [&]() -> Options& {
    Options& part = *parts_.emplace_back(std::make_unique<Options>(options));
    part.in_flight = 1;
    part.namespace_size = 2;
    part.senders = 1;
    part.peers = 1;
    return part;
  };
  const std::uint32_t parts = std::min(kParts, options.pairs);
  for (std::uint32_t i = 0; i < parts; ++i) {
    Options& part = part_of();
    part.pairs = options.pairs / parts + (i < options.pairs % parts ? 1 : 0);
    paced_.push_back(
        {signals_.emplace_back(std::make_unique<SignalLoad>(part, faults)).get(), kSignalEvery});
  }
  broadcast_ = std::make_unique<BroadcastLoad>(part_of(), 0, faults);
  paced_.push_back({broadcast_.get(), kBroadcastEvery});
  churn_ = std::make_unique<ChurnLoad>(part_of(), faults);
  paced_.push_back({churn_.get(), kConnectEvery});
}

void MixedLoad::connect_all(const PeerLoad::OnProgress& on_progress) {
  for (const auto& signals : signals_) signals->connect_all(on_progress);
  broadcast_->connect_all(on_progress);
}

void MixedLoad::resume() {
  running_ = true;
  const Instant now = Clock::now();
  for (std::size_t i = 0; i < paced_.size(); ++i) {
    paced_[i].due = now + paced_[i].every * static_cast<int>(i) / static_cast<int>(paced_.size());
  }
}

void MixedLoad::step_within(std::chrono::milliseconds) {
  const milliseconds none{0};
  for (Paced& paced : paced_) {
    paced.load->step_within(none);  // and its clock is right
    const Instant now = Clock::now();
    if (!running_ || now < paced.due) continue;
    paced.due = std::max(paced.due + paced.every, now);  // what was missed is not made up for
    paced.load->resume();
    paced.load->pause();
    paced.load->step_within(none);  // what is queued leaves
  }
}

std::uint64_t MixedLoad::in_flight() const {
  std::uint64_t sum = 0;
  for (const Paced& paced : paced_) sum += paced.load->in_flight();
  return sum;
}

std::size_t MixedLoad::message_bytes() const { return signals_.front()->message_bytes(); }

std::uint64_t MixedLoad::units() const {
  std::uint64_t sum = 0;
  for (const auto& signals : signals_) sum += signals->units();
  return sum;
}

void MixedLoad::set_measuring(bool measuring) {
  for (const auto& signals : signals_) signals->set_measuring(measuring);
}

Histogram MixedLoad::latency() const {
  Histogram all;
  for (const auto& signals : signals_) all.add(signals->latency());
  return all;
}

void MixedLoad::finish() {
  for (const auto& signals : signals_) signals->finish();
  broadcast_->finish();
  churn_->finish();
}

}  // namespace peer::bench
