#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/mutex.h"
#include "core/net/event_loop.h"
#include "core/plugin/plugin_calls.h"

namespace peer {

/// So long may a plugin take to answer; then the core goes on with `otherwise`.
inline constexpr milliseconds kAnswerDeadline{2'000};

/// A call into a plugin that is answered through a callback. `name` is what the log calls it;
/// `deadline` counts from the call.
struct PluginCall {
  PluginCalls& calls;  ///< outlives the plugin
  const char* name;    ///< "route"
  milliseconds deadline = kAnswerDeadline;
};

/// One answer that is waited for. The plugin may give it on any thread, and the loop that asked
/// takes it up. Shared by the reply that the plugin holds and by what ends the wait: the loop's
/// task, or the deadline. So an answer after the deadline still has something to meet, and is then
/// ignored.
template <typename Outcome, typename Then>
class Asked : public std::enable_shared_from_this<Asked<Outcome, Then>> {
 public:
  Asked(EventLoop& loop, PluginCall call, Outcome otherwise, Then then)
      : loop_(loop), call_(call), otherwise_(std::move(otherwise)), then_(std::move(then)) {}

  /// Calls the plugin. On the loop, once. An answer that has come by the time that the plugin
  /// returns is taken up before this returns: then nothing is posted, and no timer is set.
  template <typename Start>
  void start(Start& start) {
    started_ = call_.calls.run(call_.name, [&] {
      start([self = this->shared_from_this()](Outcome&& outcome) {
        self->answer(std::move(outcome));
      });
    });
    bool answered = !started_;
    {
      const MutexLock lock(mutex_);
      answered = answered || outcome_.has_value();
      waits_ = !answered;
    }
    if (answered) return finish();
    deadline_ = loop_.schedule(loop_.now() + call_.deadline,
                               [self = this->shared_from_this()] { self->finish(); });
  }

 private:
  /// The plugin's answer, on any thread. A second one is the plugin's fault.
  void answer(Outcome&& outcome) {
    bool waits = false;
    {
      const MutexLock lock(mutex_);
      if (outcome_) return call_.calls.fault(call_.name, "answered twice");
      outcome_ = std::move(outcome);
      waits = waits_;  // otherwise start() picks it up
    }
    if (waits) loop_.post([self = this->shared_from_this()] { self->finish(); });
  }

  // On the loop: the answer has come, or the time for it is over. What was to follow is destroyed
  // when it has run, and with it the operation that it may hold.
  void finish() {
    if (!then_) return;
    loop_.cancel(deadline_);
    Then then = std::move(*then_);
    then_.reset();
    std::optional<Outcome> outcome;
    {
      const MutexLock lock(mutex_);
      outcome = std::move(outcome_);
    }
    if (!outcome && started_) call_.calls.fault(call_.name, "did not answer in time");
    then(outcome ? std::move(*outcome) : std::move(otherwise_));
  }

  EventLoop& loop_;
  const PluginCall call_;
  // Of the loop's thread.
  Outcome otherwise_;
  std::optional<Then> then_;  // nullopt: it has been called
  bool started_ = false;      // the plugin took the call
  TimerId deadline_;

  /// The answer may come while start() is still in the plugin: `waits_` says which of the two goes
  /// on.
  Mutex mutex_;
  std::optional<Outcome> outcome_ PEER_GUARDED_BY(mutex_);
  bool waits_ PEER_GUARDED_BY(mutex_) = false;
};

/// Starts what is answered through a callback, once, from any thread, and goes on with its outcome
/// on `loop`, whose thread this is: at once when the answer is there at once.
///
/// `start(reply)` calls the plugin; `otherwise` stands in for its answer when it throws, or has not
/// answered by the deadline. That, and a second answer, is the plugin's fault, and logged as such.
/// A `then` that holds an Operation keeps its peer's further messages waiting until it has run. It
/// runs exactly once as long as the loop runs, and is destroyed, on the loop, as soon as it has.
///
/// References that `start` gives to the plugin are good until the plugin's call returns.
template <typename Outcome, typename Start, typename Then>
void ask(EventLoop& loop, PluginCall call, Outcome otherwise, Start start, Then then) {
  std::make_shared<Asked<Outcome, Then>>(loop, call, std::move(otherwise), std::move(then))
      ->start(start);
}

}  // namespace peer
