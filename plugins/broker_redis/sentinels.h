#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "connection.h"
#include "kit.h"
#include "options.h"
#include "redis_url.h"
#include "resolver.h"

namespace peer_redis {

/// Asks Sentinels where the master is, one after the other, and listens to the one that has
/// answered: it says at once when another one becomes the master. Loop thread only.
class Sentinels {
 public:
  /// Where the master is, or why nobody says.
  using Answer = std::function<void(const std::optional<Endpoint>& master, std::string_view why)>;

  /// `moved`: the master is another one than in the last answer.
  Sentinels(EventLoop& loop, const Options& options, std::function<void()> moved);

  /// Answers once, not at once; a question before it gets no answer. At a switch that has just been
  /// announced the answer is what was announced.
  void ask(Answer answer);
  void stop();
  void flush() { connection_.flush(); }

 private:
  /// Asks the next Sentinel: connects, asks for the master and subscribes, in one go.
  void ask_next();
  /// The replies come in the order of the commands; those behind them are pushed.
  void take_reply(const Reply& reply);
  void take_master(const Reply& reply);
  void take_pushed(const Reply& reply);
  /// This Sentinel is of no use: the next one, or the answer that nobody knows.
  void try_other(std::string_view why);
  void tell(const std::optional<Endpoint>& master, std::string_view why);
  /// Without a question: so that a switch is heard of.
  void ask_later();

  EventLoop& loop_;
  const Options& options_;
  const std::function<void()> moved_;
  Resolver resolver_;
  Connection connection_;
  Answer answer_;
  std::optional<Endpoint> last_;       ///< that was answered or announced
  std::optional<Endpoint> announced_;  ///< and not yet asked for
  std::size_t next_ = 0;               ///< of the Sentinels
  std::size_t tried_ = 0;              ///< for this question
  std::size_t replies_ = 0;            ///< of the present connection
  std::uint64_t attempt_ = 0;          ///< a deadline of an earlier one is void
  bool listens_ = false;
  bool stopped_ = false;
};

}  // namespace peer_redis
