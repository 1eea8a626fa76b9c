#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/time.h"
#include "core/config/config.h"
#include "core/net/http_post.h"
#include "core/protocol/events.h"
#include "core/server/api_counts.h"

namespace peer {

/// `t=<seconds>,v1=<hex>`, with a `v1` for each secret: what the header Peer-Signature says of a
/// body (docs/api.md, "Webhooks").
[[nodiscard]] std::string webhook_signature(const std::vector<std::string>& secrets,
                                            std::int64_t seconds, std::string_view body);

/// How long to wait before what has failed `failures` times is tried again: a second, then twice as
/// long each time, five minutes at most. `spread`: from 0 to 1, takes away up to a quarter, so that
/// the nodes do not come all at once.
[[nodiscard]] milliseconds webhook_pause(unsigned failures, double spread);

/// Sends events to one receiver, from a thread of its own: however slow the receiver is, nobody
/// waits for it. At least once, in batches, until the receiver takes them; what does not fit into
/// the queue is dropped and counted. One that cannot have a thread sends nothing, and says so in
/// the log.
///
/// On the loop of the API; made there or on the main thread, hurry() and stop() when that has
/// ended.
class WebhookSender {
 public:
  static constexpr std::size_t kMostWaiting = 10'000;          // events
  static constexpr std::size_t kMostBytes = 16 * 1024 * 1024;  // of these
  static constexpr std::size_t kMostAtOnce = 100;              // events of one request

  /// `counts` outlives the process' last thread.
  WebhookSender(const Webhook& settings, std::string node, std::shared_ptr<ApiCounts> counts);
  /// As stop(milliseconds(0)).
  ~WebhookSender();
  WebhookSender(const WebhookSender&) = delete;
  WebhookSender& operator=(const WebhookSender&) = delete;

  /// One of its kinds; of the ends of memberships only if it hears of joins.
  [[nodiscard]] bool wants(const Event& event) const;
  [[nodiscard]] EventSet kinds() const { return kinds_; }
  /// Of an event that it wants. One thread.
  void push(const Event& event);
  /// What a reload can change: the secrets.
  void use_secrets(std::vector<std::string> secrets);
  /// Sends what waits now, without waiting for more. stop() is to follow.
  void hurry();
  /// Sends what waits, as long as it gets through, within `grace`; the rest is dropped. Once. A
  /// thread that a name server holds up is left behind: it keeps its State, and ends by itself.
  void stop(milliseconds grace);

 private:
  struct Entry {
    Event event;
    std::uint64_t number = 0;
  };
  /// What its thread works on, and keeps when nobody can wait for it: a name server may hold it.
  struct State {
    State(HttpUrl its_url, std::string its_node, std::shared_ptr<ApiCounts> its_counts)
        : url(std::move(its_url)), node(std::move(its_node)), counts(std::move(its_counts)) {}

    const HttpUrl url;
    const std::string node;
    const std::shared_ptr<ApiCounts> counts;
    HttpPost http;
    Mutex mutex;
    std::condition_variable_any changed;
    std::deque<Entry> waiting PEER_GUARDED_BY(mutex);
    std::size_t bytes PEER_GUARDED_BY(mutex) = 0;
    std::vector<std::string> secrets PEER_GUARDED_BY(mutex);
    bool stopping PEER_GUARDED_BY(mutex) = false;
    bool ended PEER_GUARDED_BY(mutex) = false;
    Time first_waits_since PEER_GUARDED_BY(mutex){};
  };

  static void run(State& state);
  static bool take_batch(State& state, std::vector<Entry>& batch);
  static bool pause(State& state, milliseconds time);
  static void end(State& state, std::size_t lost);
  static bool await_end(State& state, milliseconds time);
  static bool send(State& state, const std::vector<Entry>& batch, std::uint64_t number);

  EventSet kinds_ = 0;
  std::uint64_t last_number_ = 0;
  bool drops_ = false;  // since the queue was full
  const std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace peer
