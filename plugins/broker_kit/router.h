#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <peer/sdk/broker_types.h>

#include "plugins/broker_kit/directed.h"
#include "plugins/broker_kit/envelope.h"
#include "plugins/broker_kit/event_loop.h"
#include "plugins/broker_kit/node_state.h"
#include "plugins/broker_kit/outage_queue.h"
#include "plugins/broker_kit/outcomes.h"
#include "plugins/broker_kit/shared_state.h"
#include "plugins/broker_kit/transport.h"

namespace peer_broker_kit {

/// Directed messages, at both ends. What a peer here sends goes to the node that has its target: by
/// the route that is known, or by one that is sought first. A node that does not have the target
/// any more passes the message on and tells the sender's node. Who has sent is told of errors, and
/// of success if it wants to know. Nothing overtakes an earlier message from one peer to another.
/// Loop thread only.
class Router {
 public:
  using Fingerprint = peer::sdk::Fingerprint;
  using Reply = peer::sdk::BrokerReply<peer::sdk::RouteOutcome>;

  /// `lease`: within half of it after went_up(), nodes that listen to nobody may be as late as
  /// this.
  Router(EventLoop& loop, std::string self, std::chrono::milliseconds lease, NodeState& state,
         SharedState& shared, Transport& transport);

  /// Sends a message, or keeps it while this node is not connected.
  void route(Directed message, Reply reply);
  /// The place of what waits in the order in which all was said; 0: it has not waited.
  using Place = std::uint64_t;
  using Send = std::function<void(Place)>;
  /// A broadcast of a peer that holds_back() goes out behind what waits, by `send`, and what the
  /// peer sends from now on behind that. `give_up`: it cannot wait. `size`: bytes that it keeps.
  void send_in_line(const Fingerprint& sender, std::size_t size, Send send, Task give_up);
  /// What a peer here has sent of late by a known route, and to whom: it is on its way to the node
  /// that had the receiver.
  struct Sent {
    Fingerprint to;
    std::shared_ptr<const std::string> node;
    Time at;
  };
  /// Before something of the sender's goes another way than by these routes: whoever does that asks
  /// the nodes' store whether all of them are right still, and ends the check. Empty: there is
  /// nothing to ask. Until then whatever else the sender says waits. What has waited already keeps
  /// its `place`.
  [[nodiscard]] std::vector<Sent> begin_check(const Fingerprint& sender, Place place = 0);
  void end_check(const Fingerprint& sender);
  /// Those in `moved` were wrong: when what went by them has been passed on, the check has ended,
  /// and `send` is called ahead of what waits, to begin anew. `others` were right.
  void await_passed_on(const Fingerprint& sender, const std::vector<Sent>& moved,
                       std::vector<Sent> others, Send send, Task give_up);
  /// Whether something that the peer has sent waits here for a route, or in line.
  [[nodiscard]] bool holds_back(const Fingerprint& sender) const;
  /// Whether something waits for the peer.
  [[nodiscard]] bool holds_for(const Fingerprint& peer) const {
    return !seeks_.empty() && seeks_.contains(peer);
  }
  /// The latest broadcast of a peer here that could not go out at once. Where members come or go,
  /// those up to it have to be on their way before.
  [[nodiscard]] Place last_held() const { return last_held_; }
  /// Whether one of those up to `last` is not: it is in line, or is being checked, and may have to
  /// wait; or a message behind such a one.
  [[nodiscard]] bool holds_broadcasts(Place last) const {
    return !held_.empty() && *held_.begin() <= last;
  }
  /// Goes on when what was sent to the peer has come to `node`, which has it. At once, but where it
  /// was sent somewhere else before.
  void await_arrival(const Fingerprint& peer, std::string_view node, Task then);
  /// Goes on when what was sent to that node before has come to it, or it does not say so in time.
  void await_all_at(std::string_view node, Task then) {
    ask_for_arrival({}, node, std::move(then));
  }
  [[nodiscard]] bool holds_back_anything() const {
    return !seeks_.empty() || !lines_.empty() || !checks_.empty();
  }

  void went_up() { up_since_ = Clock::now(); }
  /// What was under way may be lost, and what waits does so for the next time.
  void went_down();
  void connected() { outage_.flush(); }
  void stop() { outage_.give_up_all(); }
  /// From time to time, at the least once within a lease.
  void tidy(Time now);
  /// A peer has been seen at that node.
  void peer_is_at(const Fingerprint& peer, std::string_view node);

  // What other nodes write. False: it is malformed.

  /// What has become of a message of a peer here.
  bool take_outcome(const Fields& fields);
  /// A node does not have that peer any more: the route to it there is given up.
  bool take_moved(const Fields& fields);
  /// A node asks to be told when what was sent before has arrived here.
  bool take_arrival_request(const Fields& fields);
  /// The answer to such a request of this node.
  bool take_arrival(const Fields& fields);
  /// A message for a peer here has been given to the core, with this outcome.
  void take_delivered(const DirectedEnvelope& message, peer::sdk::RouteOutcome outcome);

 private:
  /// Messages for one peer that wait until it is known again which node has it (router_seek.cc).
  struct Seek {
    std::uint64_t id = 0;                       ///< the number of its first message
    std::map<std::uint64_t, Directed> waiting;  ///< by number; never none
    std::optional<std::uint64_t> under_way;     ///< the one that is asked for
    bool patient = true;
  };
  using Seeks = std::unordered_map<Fingerprint, Seek>;
  /// A broadcast of a peer some of whose messages wait, or a message behind such a one.
  struct InLine {
    std::optional<Directed> message;
    std::uint64_t number = 0;  ///< of the message
    std::size_t size = 0;
    Send send;  ///< the broadcast
    Task give_up;
    Place place = 0;  ///< in held_
  };
  using Line = std::deque<InLine>;
  /// What waits in both.
  static constexpr std::size_t kMaxHeldBytes = std::size_t{4} << 20;

  // router.cc
  /// Gives the message a number, and sends it.
  void send(Directed message, Reply reply);
  /// Chooses the way of a message: a route, a question, or waiting behind earlier ones.
  void send_numbered(std::uint64_t number, Directed message);
  /// Sends by a known route.
  void publish(std::uint64_t number, const std::shared_ptr<const std::string>& node,
               Directed message);
  /// Nobody listens at the node: the message waits until the route is known again.
  void after_publishing(const Errand& errand, const Answer& answer);
  void pass_on(const DirectedEnvelope& message);
  void after_passing_on(const Errand& errand, const Answer& answer);
  /// Tells the sender's node what became of a message.
  void answer_origin(std::string_view node, std::string_view number,
                     peer::sdk::RouteOutcome outcome);
  /// Counts a message as dropped, and tells its sender that nothing is known.
  void drop(std::uint64_t number);
  /// Every 50 ms while something waits.
  void expire_waiting();

  // router_seek.cc
  /// Looks the peer up; the message goes on in the same step.
  void ask_where(std::uint64_t number, Directed message);
  void after_asking(const Errand& errand, const Answer& answer);
  void take_route(std::uint64_t number, const Directed& message, const Answer& answer);
  void wait_for(std::uint64_t number, const Directed& message, std::string_view node);
  /// Has a message wait in the peer's Seek, which begins with the first of them.
  void hold_back(std::uint64_t number, Directed message, std::string_view node);
  /// Asks the old node to say when everything sent before has arrived.
  void ask_whether_arrived(const Fingerprint& peer, std::uint64_t id, std::string_view node);
  void after_arrival_request(const Errand& errand, const Answer& answer);
  /// Null when that Seek has ended: an answer may come for an earlier one of the same peer.
  [[nodiscard]] Seek* find_seek(const Fingerprint& peer, std::uint64_t id);
  /// Asks for the oldest message that waits. One at a time, or they could overtake each other.
  void ask_again(const Fingerprint& peer, std::uint64_t id);
  void after_asking_again(const Errand& errand, const Answer& answer);
  void take_sought_route(const Fingerprint& peer, std::uint64_t id, const Answer& answer);
  void take_seek_error(const Fingerprint& peer, std::uint64_t id, Answer::Fate fate);
  void not_done(std::uint64_t number, const Directed& message, Answer::Fate fate);
  void keep_for_next_time(std::uint64_t number, Directed message);
  void drop_seek(const Fingerprint& peer, std::uint64_t id);
  /// Drops the waiting messages that `is_it` picks, and the Seek with the last of them.
  template <typename Predicate>
  void drop_held(Seeks::iterator seek, Predicate is_it);
  void has_overtaken(const Fingerprint& peer, std::uint64_t number);
  void leave_route(const Fingerprint& peer, std::string_view node);

  void has_arrived(std::uint64_t number);
  void after_asking_for_arrival(const Errand& errand, const Answer& answer);

  // router_lines.cc
  void note_sent(const Fingerprint& sender, const Fingerprint& to,
                 const std::shared_ptr<const std::string>& node);
  void forget_sent(Time now);
  /// Whether what the sender says now waits behind something else.
  [[nodiscard]] bool is_in_line(const Fingerprint& sender) const {
    return (!lines_.empty() && lines_.contains(sender)) ||
           (!checks_.empty() && checks_.contains(sender));
  }
  void ask_for_arrival(const Fingerprint& peer, std::string_view node, Task then);
  void stand_in_line(const Fingerprint& sender, InLine item);
  /// Sends on what need not wait any more.
  void move_lines();
  void move_line(const Fingerprint& sender);
  void move_lines_later();
  /// The way to other nodes is lost: messages wait for the next time, broadcasts do not.
  void break_lines();

  EventLoop& loop_;
  const std::string self_;
  const std::chrono::milliseconds lease_;
  NodeState& state_;
  SharedState& shared_;
  Transport& transport_;

  /// Which node has whom, as last heard. Shared with the messages under way by it.
  std::unordered_map<Fingerprint, std::shared_ptr<const std::string>> routes_;
  std::unordered_map<Fingerprint, std::string> moved_;  ///< had whom: until the next message
  std::unordered_map<std::string, Time> absent_;        ///< nodes that listen to nobody, since when
  Seeks seeks_;
  std::unordered_map<Fingerprint, Line> lines_;  ///< by sender; never empty ones
  bool lines_scheduled_ = false;
  std::unordered_map<Fingerprint, std::vector<Sent>> sent_;  ///< by sender
  std::unordered_map<Fingerprint, Place> checks_;            ///< by sender; the place in held_
  /// What is in line or is being checked, in the order in which it was said.
  std::set<Place> held_;
  Place last_held_ = 0;
  std::size_t held_bytes_ = 0;  ///< of all that wait in seeks_ and lines_
  struct Awaited {
    Task then;
    EventLoop::TimerId timeout{};
  };
  std::unordered_map<std::uint64_t, Awaited> awaited_;  ///< await_arrival(), by number
  std::uint64_t last_awaited_ = 0;
  Outcomes outcomes_;
  OutageQueue outage_;
  Time up_since_{};
  bool expiry_scheduled_ = false;
};

}  // namespace peer_broker_kit
