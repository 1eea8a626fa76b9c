#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "core/base/time.h"

namespace peer {

/// What the history has of each moment: first what was so at that moment, then, from kCpu on, what
/// it was since the sample before.
enum class Series : std::uint8_t {
  kPeers,
  kAway,
  kConnections,
  kNamespaces,
  kRooms,
  kTickets,
  kQueuedBytes,
  kResidentBytes,
  kBrokerMs,  ///< the broker's latest round trip
  kCpu,       ///< cores in use
  kLagMs,     ///< the longest that a task waited for an event loop
  kAccepted,  ///< connections a second; and so on
  kRefused,   ///< connections, of every kind
  kReceived,  ///< messages
  kSent,      ///< messages
  kReceivedBytes,
  kSentBytes,
  kDropped,      ///< messages that did not fit into a queue
  kErrors,       ///< error replies
  kRateLimited,  ///< messages
  kMatched,      ///< tickets
  kMatchWaitMs,  ///< mean of the tickets matched; 0 without one
};
inline constexpr std::array<std::string_view, 22> kSeriesNames{
    "peers",          "away",         "connections",    "namespaces", "rooms",
    "tickets",        "queued_bytes", "resident_bytes", "broker_ms",  "cpu",
    "lag_ms",         "accepted",     "refused",        "received",   "sent",
    "received_bytes", "sent_bytes",   "dropped",        "errors",     "rate_limited",
    "matched",        "match_wait_ms"};

/// The last samples of a node, for plots: at most kMostSamples of them, so that its memory is
/// bounded whatever time they span: below 80 KB. One thread, that of the Server API.
class History {
 public:
  static constexpr std::size_t kMostSamples = 720;
  using Values = std::array<float, kSeriesNames.size()>;
  struct Sample {
    std::int64_t at = 0;  ///< milliseconds since the Unix epoch
    Values values{};

    float& operator[](Series series) { return values[static_cast<std::size_t>(series)]; }
  };

  /// `span`: how far back it goes; not 0.
  explicit History(milliseconds span);

  /// The time between two samples.
  [[nodiscard]] milliseconds interval() const { return interval_; }
  /// Takes the latest sample; the oldest goes when there are too many.
  void add(const Sample& sample);
  [[nodiscard]] std::size_t size() const { return samples_.size(); }
  /// `{"interval_ms","at":[...],"series":{"peers":[...],...}}`: what came after `after`, from the
  /// oldest on.
  [[nodiscard]] std::string to_json(std::int64_t after) const;

 private:
  const milliseconds interval_;
  const std::size_t capacity_;
  std::deque<Sample> samples_;
};

}  // namespace peer
