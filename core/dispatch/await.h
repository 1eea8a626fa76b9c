#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/mutex.h"
#include "core/dispatch/peer.h"
#include "core/net/event_loop.h"
#include "core/plugin/plugin_calls.h"

namespace peer {

/// A connection's further messages wait while operations of it are under way, so that its order is
/// as if each were synchronous (ARCHITECTURE.md, "Operations that may answer later"). Loop thread.
inline void begin_operation(Connection& connection) {
  if (peer_of(connection).pending++ == 0) connection.pause();
}
inline void end_operation(Connection& connection) {
  if (--peer_of(connection).pending == 0) connection.resume();
}

/// So long may a plugin take to answer; then the core goes on with `otherwise`.
inline constexpr milliseconds kAnswerDeadline{2'000};

/// A call into a plugin that is answered through a callback, as the log names it.
struct PluginCall {
  PluginCalls& calls;  ///< outlives the plugin
  const char* name;    ///< "route"
  milliseconds deadline = kAnswerDeadline;
};

/// The meeting of one asynchronous answer with the loop that waits for it. Shared by the reply
/// that the plugin holds, the loop's task and the deadline.
template <typename Outcome>
struct Awaited {
  Mutex mutex;
  std::optional<Outcome> outcome PEER_GUARDED_BY(mutex);
  bool started_waiting PEER_GUARDED_BY(mutex) = false;
  bool started = false;   // loop thread: the plugin took the call
  bool finished = false;  // loop thread
};

/// Starts an operation that is answered through a callback, once, from any thread, and goes on
/// with its outcome on `loop`, whose thread this is: at once when the answer is there at once.
///
/// `start(reply)` calls the plugin; `otherwise` stands in for its answer when it throws, or has not
/// answered by the deadline. That, and a second answer, is the plugin's fault, and logged as such.
template <typename Outcome, typename Start, typename Then>
void ask(EventLoop& loop, PluginCall call, Outcome otherwise, Start start, Then then) {
  auto awaited = std::make_shared<Awaited<Outcome>>();
  const auto finish = [awaited, call, otherwise = std::move(otherwise), then = std::move(then)]() {
    if (std::exchange(awaited->finished, true)) return;
    std::optional<Outcome> outcome;
    {
      const MutexLock lock(awaited->mutex);
      outcome = std::move(awaited->outcome);
    }
    if (!outcome && awaited->started) call.calls.fault(call.name, "did not answer in time");
    then(outcome ? std::move(*outcome) : otherwise);
  };

  const auto answer = [awaited, call, &loop, finish](Outcome outcome) {
    bool waiting = false;
    {
      const MutexLock lock(awaited->mutex);
      if (awaited->outcome) return call.calls.fault(call.name, "answered twice");
      awaited->outcome = std::move(outcome);
      waiting = awaited->started_waiting;  // otherwise the caller picks it up
    }
    if (waiting) loop.post(finish);
  };
  awaited->started = call.calls.run(call.name, [&] { start(answer); });

  bool answered = !awaited->started;
  {
    const MutexLock lock(awaited->mutex);
    answered = answered || awaited->outcome.has_value();
    awaited->started_waiting = true;
  }
  if (answered) {
    finish();
  } else {
    loop.schedule(loop.now() + call.deadline, finish);
  }
}

/// The same for an operation of one connection, whose further messages wait for it.
/// `then(connection, outcome)` gets a null connection when it has closed meanwhile, and undoes what
/// the outcome did.
template <typename Outcome, typename Start, typename Then>
void await(Connection& connection, PluginCall call, Outcome otherwise, Start start, Then then) {
  EventLoop& loop = connection.loop();
  begin_operation(connection);
  ask<Outcome>(loop, call, std::move(otherwise), std::move(start),
               [&loop, ref = connection.ref(), then = std::move(then)](Outcome outcome) {
                 Connection* still_there = loop.find(ref);
                 if (still_there != nullptr && still_there->closing()) still_there = nullptr;
                 then(still_there, std::move(outcome));
                 if (still_there != nullptr) end_operation(*still_there);
               });
}

}  // namespace peer
