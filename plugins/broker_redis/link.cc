#include "link.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <random>
#include <utility>

#include "failure_text.h"
#include "kit.h"
#include "redis_url.h"

// The link's life: connect() asks where Redis is, open() has both connections built and the scripts
// loaded, if no other part has yet, a probe proves the subscription (kProving), and then it is up.
// Any failure comes to fail(), which leaves both connections (nobody needs them then, or other
// parts do), answers all that is under way with "unknown", and begins anew after a pause. The
// deadline of an attempt carries its number, and does nothing when a later attempt is under way.
namespace peer_redis {
namespace {

using std::chrono::milliseconds;

/// Nothing is published to the last one: its listeners are the nodes of ours, of all databases.
constexpr const char* kGuideChannels[] = {"signal", "relay", "broadcast", "ours"};
constexpr milliseconds kFirstBackoff{50};
constexpr milliseconds kLastBackoff{5000};
/// Where Redis moves by itself: a new master is there within a second.
constexpr milliseconds kLastBackoffOfMany{300};
/// While our keys are on their way from one node of a Cluster to another.
constexpr milliseconds kPauseWhileMoving{100};
/// For the answers of a master that is none any more.
constexpr milliseconds kGoodbyeOfOldMaster{200};

// Well below the lease: the others reap who is not back within a lease of theirs.
milliseconds backoff(std::uint32_t failures, milliseconds lease, milliseconds last) {
  const auto full =
      std::min({last, lease / 3 + milliseconds(1), kFirstBackoff * (1 << std::min(failures, 10U))});
  thread_local std::minstd_rand random{std::random_device{}()};
  return full / 2 + milliseconds(random() % static_cast<unsigned>(full.count() / 2 + 1));
}

}  // namespace

// Each part finds out by itself whether its Redis is still the same process, where several are in
// one.
Link::Link(EventLoop& loop, const Options& options, Masters& masters, PartIndex part,
           std::string node, Events events)
    : loop_(loop),
      options_(options),
      part_(part),
      node_(std::move(node)),
      key_(options.prefix + ":{" + std::to_string(part.number) + "}"),
      channel_prefix_((part.is_only() ? options.prefix : key_) + ":n:"),
      own_channel_(channel_prefix_ + node_),
      events_(std::move(events)),
      moved_channel_(options.guide_channel("moved")),
      marker_(part.is_only() ? node_ : node_ + std::to_string(part.number)),
      whereabouts_(loop, options, masters.lookups(), [this] { go_to_new_master(); }),
      masters_(masters),
      user_{[this] { take_kind(); },
            [this] { prove_when_ready(); },
            [this] { load_marker(); },
            [this] {
              ++subscribed_;
              is_listening_ = true;
              prove_when_ready();
            },
            [this] { is_listening_ = false; },
            [this] { lose_channel(); },
            [this](std::string_view channel, std::string_view message) {
              handle_message(channel, message);
            },
            [this](std::string_view why) {
              fail(why.starts_with("ERR unknown command") ? kNoShardedChannels : why);
            },
            Commands::Lane({[this](std::string_view why) {
                              if (state_ == State::kUp && part_.is_only() &&
                                  why.starts_with("MOVED "))
                                have_others_look();
                            },
                            [this](std::string_view why) { fail(why); }})} {}

void Link::stop() {
  stopped_ = true;
  state_ = State::kDown;
  const std::shared_ptr<Master> master = std::exchange(master_, nullptr);
  if (master) master->leave(user_, true);
  whereabouts_.stop();
  if (master) master->commands().answer_none(user_.lane);
}

void Link::stop_listening() {
  if (state_ != State::kUp || std::exchange(stops_listening_, true)) return;
  if (probe_timer_) loop_.cancel(*probe_timer_);
  probe_timer_.reset();
  master_->unsubscribe(own_channel_);
}

void Link::connect_after(milliseconds pause) {
  if (connect_timer_) loop_.cancel(*connect_timer_);
  connect_timer_ = loop_.run_at(Clock::now() + pause, [this] {
    connect_timer_.reset();
    connect();
  });
}

void Link::connect() {
  if (stopped_) return;
  state_ = State::kConnecting;
  in_cluster_ = false;
  subscribed_ = 0;
  channels_ = 1;
  const std::uint64_t attempt = ++attempt_;
  // All steps up to the probe have this long together. The probe has a deadline of its own.
  loop_.run_at(Clock::now() + 2 * options_.operation_timeout, [this, attempt] {
    if (attempt == attempt_ && state_ == State::kConnecting) fail_master("no answer");
  });
  whereabouts_.find([this, attempt](const Whereabouts::Place* place, std::string_view why) {
    if (attempt != attempt_ || state_ != State::kConnecting) return;
    if (place == nullptr) return fail(why);
    open(*place);
  });
}

void Link::open(const Whereabouts::Place& place) {
  const std::uint64_t attempt = attempt_;
  address_ = place.address;
  master_ = masters_.enter(place, user_);
  const std::shared_ptr<Master> master = master_;
  const bool is_new = !master->is_open();
  if (is_new) master->open();
  if (attempt != attempt_ || state_ != State::kConnecting) return;
  ask_who_it_is();
  ask_for_marker();
  load_marker();
  if (part_.is_only()) {
    // Without waiting for what Redis is.
    master->load_scripts();
    subscribe();
  } else if (master->is_known()) {
    take_kind();
  }
}

// In a Cluster the channels of several parts are sharded, and the only part has one more.
void Link::take_kind() {
  if (state_ != State::kConnecting) return;
  in_cluster_ = master_->is_in_cluster();
  if (!part_.is_only()) return subscribe();
  if (!in_cluster_) return;
  // The link is not up before this subscription has been confirmed, too.
  ++channels_;
  master_->subscribe(user_, {moved_channel_});
  have_others_look();
}

void Link::subscribe() {
  std::vector<std::string> channels{own_channel_};
  // Of several parts none has to do with the original implementation.
  if (options_.legacy_channels && part_.is_only()) {
    for (const char* name : kGuideChannels) {
      channels.push_back(options_.guide_channel(name));
    }
  }
  channels_ = channels.size();
  master_->subscribe(user_, channels);
}

// The question for a key of ours is answered by MOVED where another node of a Cluster owns it.
void Link::ask_who_it_is() {
  ask_whether_keys_moved();
  if (!whereabouts_.needs_master()) return;
  ask({"ROLE"}, [this](const Reply* reply) {
    if (!has_answered(reply) || is_giving_up()) return;
    if ((*reply)[0].text() != "master") fail(kIsReplica);
  });
}

void Link::ask_whether_keys_moved() {
  send({"EXISTS", key_}, [this](const Reply* reply) {
    if (reply != nullptr && reply->is_error()) leave(reply->text());
  });
}

// Redis keeps scripts as long as it runs, and forgets none. One of our own tells whether it is
// still the same process. The others are there again as soon as any node has come back.
void Link::ask_for_marker() {
  // There is nothing to ask on the first connection: this part has no marker there.
  knows_marker_ = marker_hash_.empty();
  if (knows_marker_) return;
  send({"SCRIPT", "EXISTS", marker_hash_}, [this, attempt = attempt_](const Reply* reply) {
    if (!has_answered(reply)) return;
    if ((*reply)[0].integer() == 0) another_store_ = true;
    if (attempt != attempt_) return;
    knows_marker_ = true;
    prove_when_ready();
  });
}

// Two nodes, or parts, have the same one by a chance that is small, and all nodes that ever were
// fill some megabytes.
void Link::load_marker() {
  constexpr std::size_t kMarkers = 65536;
  const std::string number = std::to_string(std::hash<std::string>()(marker_) % kMarkers);
  send({"SCRIPT", "LOAD", "return " + number}, [this](const Reply* reply) {
    if (has_answered(reply)) marker_hash_ = reply->text();
  });
}

void Link::ask(const Arguments& command, OnReply on_reply) {
  if (!master_) return on_reply(nullptr);
  master_->commands().ask(user_.lane, command, std::move(on_reply));
}

void Link::fail_master(std::string_view why) {
  if (const std::shared_ptr<Master> master = master_; master && master->is_open()) {
    master->fail(why);
  } else {
    fail(why);
  }
}

// Where it is now, Redis says of any key; should it say nothing, we listen to nobody all the same.
void Link::lose_channel() {
  is_listening_ = false;
  send({"EXISTS", key_}, [this, attempt = attempt_](const Reply* reply) {
    if (reply == nullptr || attempt != attempt_) return;
    reply->is_error() ? leave(reply->text()) : fail(kChannelLost);
  });
}

void Link::prove_when_ready() {
  if (state_ != State::kConnecting || !master_ || !master_->commands().has_scripts()) return;
  // The first beat tells whether it is another store, and what is subscribed to is told elsewhere.
  if (subscribed_ < channels_ || !knows_marker_) return;
  state_ = State::kProving;
  probe();
}

void Link::look_up_later() {
  loop_.run_at(Clock::now() + options_.lookup, [this, attempt = attempt_] {
    if (attempt == attempt_ && state_ == State::kUp) look_up();
  });
}

void Link::look_up() {
  look_up_later();
  whereabouts_.check([this, attempt = attempt_] {
    if (attempt == attempt_ && state_ == State::kUp) leave(kLeadsElsewhere);
  });
}

// The old one may answer yet, if it lives. If there is no link, this is the time to build one.
void Link::go_to_new_master() {
  if (stopped_) return;
  failures_ = 0;
  if (state_ == State::kDown) return connect_after(milliseconds(0));
  if (state_ != State::kUp) return fail(kNewMaster);
  loop_.run_at(Clock::now() + kGoodbyeOfOldMaster, [this, attempt = attempt_] {
    if (attempt == attempt_) fail(kNewMaster);
  });
  leave(kNewMaster);
}

// Whether our keys have moved: they may not have noticed, and what is published where the keys are
// would reach them without being counted.
void Link::have_others_look() {
  ask({"PUBLISH", moved_channel_, ""}, [](const Reply*) {});
}

void Link::probe() {
  const std::uint64_t number = ++last_probe_;
  const std::uint64_t attempt = attempt_;
  const std::string text = envelope('P', {std::to_string(number)});
  publish(
      own_channel_, text, [](const Reply*) {}, Kind::kState);
  // One deadline for several probes: it counts from the oldest that has not come back.
  if (probe_timer_) return;
  probe_timer_ = loop_.run_at(Clock::now() + options_.operation_timeout, [this, attempt] {
    probe_timer_.reset();
    if (attempt == attempt_) fail_master("the subscription is silent");
  });
}

void Link::run(Script script, const Arguments& arguments, OnReply on_reply, Kind kind) {
  // Scripts refuse an earlier number: what a network has kept of an older link must not take effect
  // (see plugins/broker_redis/DESIGN.md, "Outages").
  if (!master_) return on_reply(nullptr);
  Commands& commands = master_->commands();
  const std::string number = std::to_string(attempt_);
  const std::string lease = std::to_string(options_.lease.count());
  Arguments all{"EVALSHA", commands.hash_of(script), "1", key_, channel_prefix_, node_, number,
                lease};
  all.insert(all.end(), arguments.begin(), arguments.end());
  commands.run(user_.lane, all, std::move(on_reply), kind);
}

void Link::publish(std::string_view channel, std::string_view message, OnReply on_reply,
                   Kind kind) {
  if (!master_) return on_reply(nullptr);
  // The owner of our keys alone accepts these, so the count of receivers is that of all nodes.
  const bool sharded = master_->is_sharded();
  if (in_cluster_ && !sharded) {
    return run(Script::kPublish, {channel, message}, std::move(on_reply), kind);
  }
  master_->commands().publish(user_.lane, sharded ? "SPUBLISH" : "PUBLISH", channel, message,
                              std::move(on_reply), kind);
}

void Link::publish_to_node(std::string_view node, std::string_view message, OnReply on_reply,
                           Kind kind) {
  std::string channel = channel_prefix_;
  channel += node;
  publish(channel, message, std::move(on_reply), kind);
}

void Link::handle_message(std::string_view channel, std::string_view message) {
  if (channel == own_channel_ && is_probe(message)) {
    take_probe(message);
  } else if (in_cluster_ && channel == moved_channel_) {
    if (state_ == State::kUp) ask_whether_keys_moved();
  } else {
    take_message(channel, message);
  }
}

void Link::take_probe(std::string_view message) {
  const auto fields = unpack(message);
  if (!fields || fields->size() < 2 || (*fields)[1] != std::to_string(last_probe_)) return;
  if (probe_timer_) loop_.cancel(*probe_timer_);
  probe_timer_.reset();
  if (state_ != State::kProving) return;
  state_ = State::kUp;
  // The owner beats within this call. What came early is passed on after that, in its order.
  events_.up();
  look_up_later();
  take_early();
}

void Link::take_message(std::string_view channel, std::string_view message) {
  // Of any Redis: whether it is a node of a Cluster may not have been said yet.
  if (late_copies_.take(channel, message, loop_.now())) return;
  // A sharded message is nowhere but at the owner.
  if (in_cluster_ && part_.is_only()) late_copies_.note(channel, message, loop_.now());
  state_ == State::kUp ? events_.message(channel, message) : keep_early(channel, message);
}

// Whoever published it was told that it was received: it counts, once the link is up.
void Link::keep_early(std::string_view channel, std::string_view message) {
  const std::size_t size = message.size() + 256;
  if (early_bytes_ + size > kMaxEarlyBytes) return events_.lost(1);
  early_bytes_ += size;
  early_.emplace_back(channel, message);
}

void Link::take_early() {
  early_bytes_ = 0;
  for (const auto& [channel, message] : std::exchange(early_, {})) {
    if (state_ == State::kUp) {
      events_.message(channel, message);
    } else {
      events_.lost(1);
    }
  }
}

milliseconds Link::pause_after(std::string_view why) {
  if (why.starts_with("ASK ") || why.starts_with("TRYAGAIN ")) return kPauseWhileMoving;
  const bool soon = in_cluster_ || whereabouts_.may_move();
  return backoff(failures_++, options_.lease, soon ? kLastBackoffOfMany : kLastBackoff);
}

void Link::fail(std::string_view why) {
  if (state_ == State::kDown) return;
  const bool was_up = state_ == State::kUp;
  // What came by this link may come again by the next one, at another node of a Cluster.
  late_copies_.expect(loop_.now());
  state_ = State::kDown;
  ++attempt_;
  const std::string reason(why);
  const std::shared_ptr<Master> master = std::exchange(master_, nullptr);
  if (master) master->leave(user_);
  if (probe_timer_) loop_.cancel(*probe_timer_);
  probe_timer_.reset();
  if (!early_.empty()) events_.lost(early_.size());
  early_.clear();
  early_bytes_ = 0;
  const bool followed = whereabouts_.follow(reason);
  const bool at_once = followed || (!was_up && whereabouts_.has_others());
  // The next address is tried silently: the owner hears of a failure when there is nothing left to
  // try.
  if (was_up || !at_once) events_.down(reason);
  if (master) master->commands().answer_none(user_.lane);
  connect_after(at_once ? milliseconds(0) : pause_after(reason));
}

}  // namespace peer_redis
