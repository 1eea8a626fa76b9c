#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <peer/sdk/broker_types.h>

namespace peer_broker_kit {

/// A number that any thread changes and reads. If it is a part's, what is added to it is added to
/// that of the whole as well: so nobody has to sum up all parts.
class Count {
 public:
  /// Before anybody else has it.
  void be_part_of(Count& whole) { whole_ = &whole; }
  Count& operator+=(std::uint64_t more) {
    value_ += more;
    if (whole_ != nullptr) *whole_ += more;
    return *this;
  }
  Count& operator-=(std::uint64_t less) {
    value_ -= less;
    if (whole_ != nullptr) *whole_ -= less;
    return *this;
  }
  Count& operator++() { return *this += 1; }
  operator std::uint64_t() const { return value_; }

 private:
  std::atomic<std::uint64_t> value_{0};
  Count* whole_ = nullptr;
};

/// What the server's loops read while the plugin's thread writes it: the figures of
/// Broker::status(), and what is asked so often that the plugin's thread cannot be asked. Numbers
/// that stand beside each other need not be of the same moment.
///
/// Thread-safe. The broker owns it, and it outlives the plugin's thread.
struct SharedState {
  std::atomic<peer::sdk::BrokerStatus::State> state{peer::sdk::BrokerStatus::State::kDegraded};
  std::atomic<std::uint32_t> nodes{1};         ///< that live, this one included
  std::atomic<std::uint32_t> parts_away{0};    ///< of several parts: out of reach
  std::atomic<std::int64_t> latency_us{0};     ///< of the latest round trip
  Count dropped;                               ///< messages, since the start
  Count outage_messages;                       ///< that wait for the end of an outage
  Count outage_bytes;                          ///< of these
  std::atomic<std::uint64_t> output_bytes{0};  ///< on their way to the store, or waiting for a turn
  std::atomic<std::uint64_t> pending{0};
  /// Messages given to the plugin's thread, which it has not yet taken: bytes and count.
  std::atomic<std::uint64_t> posted_messages{0};
  std::atomic<std::uint64_t> posted_bytes{0};

  /// What is counted here is counted in `whole` as well. Before anybody else has it.
  void be_part_of(SharedState& whole) {
    dropped.be_part_of(whole.dropped);
    outage_messages.be_part_of(whole.outage_messages);
    outage_bytes.be_part_of(whole.outage_bytes);
  }
  /// Other nodes that live; none while that cannot be known.
  void set_others(std::vector<std::string> others) {
    const std::lock_guard lock(mutex_);
    others_ = std::move(others);
  }
  [[nodiscard]] std::vector<std::string> others() const {
    const std::lock_guard lock(mutex_);
    return others_;
  }
  /// How many members of a namespace are on other nodes; 0 takes its entry away.
  void set_elsewhere(std::string_view ns, std::uint64_t count) {
    const std::lock_guard lock(mutex_);
    if (count > 0) {
      elsewhere_.insert_or_assign(std::string(ns), count);
    } else if (const auto found = elsewhere_.find(ns); found != elsewhere_.end()) {
      elsewhere_.erase(found);
    }
  }
  /// 0 too where nothing is known: for what may be a little wrong, such as a count of copies.
  [[nodiscard]] std::uint64_t elsewhere(std::string_view ns) {
    const std::lock_guard lock(mutex_);
    const auto found = elsewhere_.find(ns);
    return found == elsewhere_.end() ? 0 : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> others_;
  std::map<std::string, std::uint64_t, std::less<>> elsewhere_;
};

}  // namespace peer_broker_kit
