#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster_log.h"
#include "kit.h"
#include "link.h"
#include "options.h"

namespace peer_redis {

/// What one heartbeat has told.
struct Beat {
  Time at;
  std::int64_t clock_offset_us = 0;  ///< Redis' clock minus ours
  bool foreign_listeners = false;    ///< others than our nodes listen to the original's channels
  bool nodes_changed = false;
  bool must_resync = false;  ///< Redis may not have what this node has told it
  bool quiet = false;        ///< and nobody has been told of its peers as gone
  bool unsettled = false;    ///< some nodes have yet to put back what a loss of data took
  bool waited_for = false;   ///< this one is among those
  bool parked = false;       ///< sessions of nodes that have stopped may be taken
  std::string agreement;     ///< see Agreement; empty with one part
  std::vector<std::string> with_tickets;  ///< namespaces
  std::vector<std::string> dead;          ///< nodes whose lease has ended
};

/// In how many parts what is shared is, all nodes say the same: part 0 has the number, and a name
/// that it draws when it takes the number. The other parts have that name, too: what one of them
/// has by another name is from before, and nobody's once no node lives there any more.
struct Agreement {
  std::string name;  ///< the latest that part 0 has told; empty: none yet
};

/// The chain of heartbeats: each renews this node's lease, and tells it who else is there, who has
/// gone, and whether Redis still has what it had. Loop thread only.
class Heartbeat {
 public:
  using OnBeat = std::function<void(const Beat&)>;
  /// So long an operation waits for nodes that put back what was lost; the core's patience is 2 s.
  static constexpr std::chrono::milliseconds kMaxWait{700};
  static constexpr std::chrono::milliseconds kTryAgainAfter{25};

  /// `on_removal`: what others have left is being removed, so nothing may be written yet.
  Heartbeat(EventLoop& loop, Link& link, const Options& options, ClusterView& view, ClusterLog& log,
            const Agreement& agreement, OnBeat on_beat, Task on_removal);

  /// The link is up: the first beat goes out.
  void went_up();
  /// No beat goes out until the link is up again: one behind a goodbye would list this node anew.
  void stop() {
    ++chain_;
    stopped_ = true;
  }
  /// Beats now, or when the one that is under way has come back; not after stop().
  void beat();
  /// Another node says (N) that nodes have come or gone, or that data was `lost`.
  void beat_soon(bool lost);
  /// Redis says that nodes may have yet to put back what is asked for: whether an operation that
  /// began at `since` waits for them. Those that live do so within a beat, or as soon as they are
  /// told.
  [[nodiscard]] bool waits_for_others(Time since);

 private:
  void take(const Reply& reply);
  /// Finds out whether Redis has lost data, or has never heard of this link.
  void take_epoch(const std::string& epoch, bool known, bool quiet, Beat& beat);
  /// Nodes of another version, or with another number of parts, have the keys: this node works on
  /// its own.
  void stay_away(const Reply& refusal);
  void go_on_with_removal();

  EventLoop& loop_;
  Link& link_;
  const Options& options_;
  ClusterView& view_;
  ClusterLog& log_;
  const Agreement& agreement_;
  const OnBeat on_beat_;
  const Task on_removal_;

  std::string epoch_;                    ///< of Redis' data; another one: the data was lost
  std::int64_t beats_of_all_ = 0;        ///< since its beginning; fewer: it was lost
  std::optional<Time> unsettled_since_;  ///< nodes have yet to put back what was lost
  Time last_beat_{};
  bool stopped_ = true;      ///< until the link is up
  bool fresh_link_ = false;  ///< the first beat after an outage is still to come
  bool under_way_ = false;   ///< a beat
  bool beat_again_ = false;  ///< when it has come back
  bool beat_soon_ = false;   ///< one is scheduled for news of other nodes
  std::uint64_t chain_ = 0;  ///< number of the chain of beats; of an earlier one none goes on
};

}  // namespace peer_redis
