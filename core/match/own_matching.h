#pragma once

#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/match/matching.h"

namespace peer {

/// Matches of this node's peers with each other, on a node that has no others: all answers come at
/// once, before the call returns. Thread-safe, since the Matchmaker is: each call on the loop of
/// its peer, which is the loop that is handed in.
class OwnMatching final : public Matching {
 public:
  /// All of them outlive it. `loops`: how many there are.
  OwnMatching(const ByNamespace<sdk::MatchStrategy>& strategies, NamespaceDirectory& namespaces,
              NamespaceDirectory::Post post, std::size_t loops)
      : matchmaker_(strategies, namespaces, std::move(post)), ticks_(loops, kNever) {}

  void use_events(Events& events) override { matchmaker_.use_events(events); }
  MatchOutcome::Status request(MatchTask&& task) override;
  void cancel(EventLoop& loop, std::string_view ns, const Fingerprint& peer,
              Cancelled then) override;
  void drop(EventLoop& loop, std::string_view ns, const Fingerprint& peer) override;
  void set_aside(EventLoop& loop, std::string_view ns, const Fingerprint& peer) override;
  void take_back(EventLoop& loop, std::string_view ns, const sdk::Registered& peer) override;
  void set_max_message_size(std::size_t bytes) override { matchmaker_.set_max_message_size(bytes); }
  [[nodiscard]] std::size_t waiting() const override { return matchmaker_.waiting(); }
  [[nodiscard]] std::vector<QueueFacts> page_of_queues(std::string_view after,
                                                       std::size_t limit) const override {
    return matchmaker_.page_of_queues(after, limit);
  }
  [[nodiscard]] const MatchWaits& waits() const override { return matchmaker_.waits(); }

 private:
  /// Sets the loop's timer, unless an earlier one is set. `wake_at` is of the wall clock, which may
  /// be set meanwhile; what is waited for is the time from now until then.
  void schedule_tick(EventLoop& loop, sdk::Instant wake_at);

  Matchmaker matchmaker_;
  std::vector<Time> ticks_;  // when each loop's timer is due; of its thread
};

}  // namespace peer
