#include "heartbeat.h"

#include <algorithm>
#include <random>
#include <set>
#include <utility>

#include "version_text.h"

// Out goes lua/beat.lua, every `beat_ms` and whenever another node has news; what it answers is
// handed to the other objects as a Beat. A node that cannot beat in time may be taken for dead by
// the others, and finds out with the first beat that gets through.
namespace peer_redis {
namespace {

/// So soon after a beat none is made for news.
constexpr std::chrono::milliseconds kPauseAfterLoss{10};
constexpr std::chrono::milliseconds kPauseAfterNews{100};
/// While what others have left is removed: between two steps.
constexpr std::chrono::milliseconds kPauseInRemoval{60};

std::string random_text() {
  std::random_device random;
  std::string text;
  for (int i = 0; i < 4; ++i) text += std::to_string(random());
  return text;
}

std::vector<std::string> texts_of(const Reply& list) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < list.size(); ++i) texts.emplace_back(list[i].text());
  return texts;
}

}  // namespace

Heartbeat::Heartbeat(EventLoop& loop, Link& link, const Options& options, ClusterView& view,
                     ClusterLog& log, const Agreement& agreement, OnBeat on_beat, Task on_removal)
    : loop_(loop),
      link_(link),
      options_(options),
      view_(view),
      log_(log),
      agreement_(agreement),
      on_beat_(std::move(on_beat)),
      on_removal_(std::move(on_removal)) {}

void Heartbeat::went_up() {
  last_beat_ = {};
  stopped_ = false;
  fresh_link_ = true;
  under_way_ = false;
  beat();
}

// One at a time: each tells something that the next one does not know any more.
void Heartbeat::beat() {
  if (stopped_) return;
  beat_again_ = under_way_;
  if (std::exchange(under_way_, true)) return;
  const std::uint64_t chain = ++chain_;
  link_.probe();
  // A name for the data, which the script takes where the data has none yet, or has been lost.
  const std::string candidate = random_text();
  const std::string seen = std::to_string(beats_of_all_);
  const std::string news = envelope('N', {});
  const PartIndex& part = link_.part();
  const std::string parts = std::to_string(part.parts);
  const char* another_store = link_.is_elsewhere() ? "2" : "1";
  Arguments arguments{epoch_,
                      seen,
                      candidate,
                      news,
                      link_.is_to_another_store() ? another_store : "0",
                      parts,
                      part.number == 0 ? std::string_view() : std::string_view(agreement_.name)};
  const std::set<std::string_view> neighbours = view_.neighbours();
  arguments.insert(arguments.end(), neighbours.begin(), neighbours.end());
  link_.run(Script::kBeat, arguments, [this, chain](const Reply* reply) {
    if (reply == nullptr || chain != chain_) return;
    if (reply->is_error()) return link_.give_up(reply->text());
    if ((*reply)[0].text() == "version") return stay_away(*reply);
    under_way_ = false;
    if ((*reply)[0].text() == "again") return go_on_with_removal();
    take(*reply);
    if (std::exchange(beat_again_, false)) beat();
  });
  loop_.run_at(Clock::now() + options_.beat, [this, chain] {
    if (chain == chain_ && link_.is_up()) beat();
  });
}

// Who was at work here has been taken for gone, as others were with whom it shared this.
void Heartbeat::go_on_with_removal() {
  if (!fresh_link_) return link_.give_up("what it has is being removed");
  on_removal_();
  loop_.run_at(Clock::now() + kPauseInRemoval, [this, chain = chain_] {
    if (chain == chain_ && link_.is_up()) beat();
  });
}

// What Redis has is of a version that this node cannot read, or in another number of parts, and
// nodes that can read it are at work.
void Heartbeat::stay_away(const Reply& refusal) {
  const std::string_view version = refusal[2].text();
  // With the same number, too, their names may choose other parts.
  const bool has_our_number = refusal[3].text() == std::to_string(link_.part().parts);
  if (version.substr(0, version.find('.')) ==
          std::string_view(&peer_broker_kit::kMajorVersion, 1) &&
      !has_our_number) {
    log_.refused_parts(refusal[1].text(), refusal[3].text());
  } else {
    log_.refused(refusal[1].text(), version);
  }
  link_.give_up(kOtherVersion);
}

void Heartbeat::take(const Reply& reply) {
  Beat beat;
  beat.at = last_beat_ = Clock::now();
  const auto own_us =
      std::chrono::duration_cast<std::chrono::microseconds>(beat.at.time_since_epoch()).count();
  beat.clock_offset_us = reply[2].integer() - own_us;
  beat.foreign_listeners = reply[3].integer() > 0;
  beat.nodes_changed = view_.set_nodes(texts_of(reply[4]));
  beat.dead = texts_of(reply[5]);
  beat.with_tickets = texts_of(reply[6]);
  beat.unsettled = reply[7].integer() != 0;
  beat.waited_for = reply[8].integer() == 1;
  beats_of_all_ = reply[9].integer();
  log_.strangers(texts_of(reply[10]));
  beat.parked = reply[11].integer() > 0;
  beat.agreement = reply[12].text();
  link_.knows_store();
  take_epoch(std::string(reply[0].text()), reply[1].integer() == 1, beat.waited_for, beat);
  if (!beat.unsettled) {
    view_.all_is_whole();
    unsettled_since_.reset();
  }
  on_beat_(beat);
}

// `quiet`: the members here have not been told of as gone, and need not be announced anew.
void Heartbeat::take_epoch(const std::string& epoch, bool known, bool quiet, Beat& beat) {
  const bool lost = !epoch_.empty() && epoch != epoch_;
  epoch_ = epoch;
  if (lost) log_.data_lost(epoch);
  const bool fresh = std::exchange(fresh_link_, false);
  beat.must_resync = lost || !known || fresh;
  beat.quiet = lost && quiet;
}

void Heartbeat::beat_soon(bool lost) {
  const auto pause = std::min(lost ? kPauseAfterLoss : kPauseAfterNews, options_.beat / 4);
  if (Clock::now() - last_beat_ > pause) {
    beat();
  } else if (!std::exchange(beat_soon_, true)) {
    loop_.run_at(last_beat_ + pause, [this] {
      beat_soon_ = false;
      if (link_.is_up()) beat();
    });
  }
}

bool Heartbeat::waits_for_others(Time since) {
  const Time now = Clock::now();
  if (!unsettled_since_) unsettled_since_ = now;
  // A beat shows whether the others are done; not more often than every 35 ms.
  if (now - last_beat_ > kMaxWait / 20) beat();
  return now - since < kMaxWait && now - *unsettled_since_ < 2 * options_.beat + kMaxWait;
}

}  // namespace peer_redis
