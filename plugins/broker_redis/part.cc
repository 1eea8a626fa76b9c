#include "part.h"

#include <utility>

// Wires the objects of a part. Three things concern many of them, and their order matters: the link
// comes or goes (went_up, went_down), a heartbeat has told something (take_beat), and Redis has
// been put right (finish_resync).
namespace peer_redis {

using State = NodeState::State;

namespace {

// With RedisBroker's wait for the goodbye below what the core leaves for the broker.
constexpr std::chrono::milliseconds kMostForLateMessages{400};
constexpr std::chrono::milliseconds kPauseForLateMessages{2};

}  // namespace

Part::Part(const Common& common, PartIndex index)
    : loop_(common.loop),
      shared_(common.shared),
      changed_(common.changed),
      agreed_(common.agreed),
      log_(common.host, common.plugin_host, common.told, index.number,
           [this] { return link_.place(); }),
      state_(common.shared),
      view_(std::string(common.host.node_id())),
      gate_(loop_),
      announcements_(gate_),
      link_(loop_, common.options, common.masters, index, view_.self(),
            {[this] { went_up(); }, [this](std::string_view why) { went_down(why); },
             [this](std::string_view channel, std::string_view message) {
               inbox_.take(channel, message);
             },
             [this](std::size_t count) { shared_.dropped += count; }}),
      copies_(index, common.mirror, common.copies),
      guide_(link_, common.options, view_.self(), common.mirror, shared_, common.host),
      transport_(link_, guide_),
      router_(loop_, view_.self(), common.options.lease, state_, shared_, transport_),
      broadcasts_(link_, state_, shared_, router_, guide_),
      tickets_(link_, copies_, view_, state_, common.host),
      heartbeat_(
          loop_, link_, common.options, view_, log_, common.agreement,
          [this](const Beat& beat) { take_beat(beat); }, [this] { stay_degraded(); }),
      reaper_(link_, common.options, view_),
      watchers_(link_, common.mirror, state_, common.host),
      resync_(
          link_, copies_, common.mirror, common.counts, state_, tickets_, watchers_, common.host,
          {[this] { finish_resync(); },
           [ask_home = common.ask_home, part = index.number](
               const Registered& peer, std::int64_t newer_us) { ask_home(peer, part, newer_us); },
           common.is_at_home}),
      catch_up_(link_, common.mirror, common.counts, announcements_, state_, common.host),
      key_check_(link_, common.mirror, state_, resync_, log_),
      peers_(loop_, link_, copies_, common.mirror, common.counts, state_, resync_, log_,
             common.host, common.end_parked),
      namespaces_(loop_, link_, copies_, common.mirror, common.counts, announcements_, state_,
                  heartbeat_, resync_, catch_up_, watchers_, log_, view_.self(), common.host),
      rooms_(loop_, link_, common.mirror, announcements_, state_, heartbeat_),
      sessions_({loop_,
                 link_,
                 copies_,
                 router_,
                 common.mirror,
                 common.counts,
                 announcements_,
                 state_,
                 shared_,
                 resync_,
                 catch_up_,
                 watchers_,
                 common.host,
                 view_.self(),
                 {[taken = common.taken, part = index.number](
                      const Registered& peer, std::optional<std::string_view> copies) {
                    taken(peer, part, copies);
                  },
                  common.end_parked}}),
      inbox_(gate_, link_, log_, common.host,
             {router_, guide_, announcements_, common.mirror, common.counts, view_, catch_up_,
              resync_, tickets_, heartbeat_, sessions_, watchers_}) {}

void Part::set_state(State state) {
  state_.set(state);
  changed_();
}

void Part::set_nodes(std::size_t count) {
  if (shared_.nodes.exchange(static_cast<std::uint32_t>(count)) != count) changed_();
}

void Part::start() {
  if (!std::exchange(started_, true)) link_.start();
}

void Part::leave(Task done) {
  if (!link_.is_up()) return done();
  heartbeat_.stop();
  await_silence(Clock::now() + kMostForLateMessages, std::move(done));
}

// What has been sent to this node's channel may be for a peer that is elsewhere by now. Once nobody
// is heard any more, and that has been passed on, the node is no way to anybody.
void Part::await_silence(Time until, Task done) {
  const bool may_wait = link_.is_up() && Clock::now() < until;
  const bool has_sent_all = !router_.holds_back_anything();
  if (has_sent_all && link_.is_listening()) link_.stop_listening();
  if (may_wait && !(has_sent_all && !link_.is_listening() && gate_.is_open())) {
    loop_.run_at(
        Clock::now() + kPauseForLateMessages,
        [this, until, done = std::move(done)]() mutable { await_silence(until, std::move(done)); });
    return;
  }
  // A link that is built anew meanwhile has nothing to say goodbye to, nor, perhaps, its scripts.
  if (!link_.is_up()) return done();
  // The peers go first, so that kGoodbye, behind them in the same order, means that all is done.
  peers_.remove_all();
  link_.run(Script::kGoodbye, {envelope('N', {})},
            [done = std::move(done)](const Reply*) { done(); });
}

void Part::stop() {
  heartbeat_.stop();
  link_.stop();
  gate_.clear();
  router_.stop();
}

void Part::confirm(const Fingerprint& sender, const Task& then) {
  sessions_.await_sent(sender, [this, then](bool) { confirm_all(then); });
}

void Part::confirm_all(const Task& then) {
  const auto left = std::make_shared<std::size_t>(1);
  const Task one = [left, then] {
    if (--*left == 0) then();
  };
  for (const std::string& node : view_.nodes()) {
    if (node == view_.self()) continue;
    ++*left;
    router_.await_all_at(node, one);
  }
  one();
}

void Part::recover() {
  link_.give_up("a failure of this node");
  gate_.recover();
}

void Part::went_up() {
  reaper_.went_up();
  router_.went_up();
  tickets_.matching_is_due();
  set_state(State::kResyncing);
  log_.went_up();
  heartbeat_.went_up();
  key_check_.check_eviction();
}

void Part::went_down(std::string_view why) {
  heartbeat_.stop();
  log_.failed(why);
  set_state(State::kDegraded);
  view_.set_nodes({view_.self()});
  set_nodes(1);
  shared_.set_others({});
  guide_.set_listeners(false);
  router_.went_down();
  resync_.interrupt();
  catch_up_.interrupt();
  reaper_.went_down();
  announcements_.interrupt();
  tickets_.match_alone();
}

void Part::stay_degraded() {
  set_state(State::kDegraded);
  resync_.interrupt();
}

void Part::take_beat(const Beat& beat) {
  if (!beat.agreement.empty() && link_.part().number == 0) agreed_(beat.agreement);
  copies_.set_clock_offset(beat.clock_offset_us);
  guide_.set_listeners(beat.foreign_listeners);
  set_nodes(view_.nodes().size());
  if (beat.nodes_changed) tickets_.matching_is_due();
  // While the link was down there were none, whatever the view has been since.
  std::vector<std::string> others = view_.nodes();
  std::erase(others, view_.self());
  shared_.set_others(std::move(others));
  if (beat.must_resync) {
    set_state(State::kResyncing);
    // In this state calls of the core change the mirror and mark their peer, which go_on() then
    // writes.
    catch_up_.becomes_due();
    resync_.begin(beat.quiet);
  }
  if (state_.is_connected()) tickets_.take_namespaces(beat.with_tickets);
  if (!beat.unsettled) {
    catch_up_.all_is_whole();
  } else if (state_.is_connected() && beat.waited_for) {
    say_settled();  // another node has lost sight of that
  }
  router_.tidy(beat.at);
  if (beat.parked && state_.is_connected()) sessions_.some_are_parked();
  reaper_.take_beat(beat.at, beat.dead);
  key_check_.check_some();
}

void Part::say_settled() {
  link_.run(Script::kSettled, {}, [this](const Reply* reply) {
    const bool others_have_yet_to = !has_answered(reply) || reply->integer() != 0;
    if (!others_have_yet_to) catch_up_.all_is_whole();
  });
}

void Part::finish_resync() {
  set_state(State::kConnected);
  say_settled();
  log_.connected(view_.nodes().size(), state_.dropped_meanwhile());
  // A link that fails before this is tried again with growing pauses, even if it was up.
  link_.has_proved_itself();
  watchers_.connected();
  resync_.settle_kept();
  peers_.connected();
  // Behind the peers, since a ticket of an unknown peer is refused.
  tickets_.share_all();
  if (tickets_.is_matching_due()) heartbeat_.beat();
  router_.connected();
}

}  // namespace peer_redis
