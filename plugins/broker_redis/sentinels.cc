#include "sentinels.h"

#include <chrono>
#include <utility>
#include <vector>

// In: a question where the master is, and what a Sentinel publishes. Out: one answer for a
// question, and a call when the master has become another one. One connection serves both: what is
// said on it after the answer is news. `attempt_` rises with each Sentinel that is tried, so that
// what belongs to an earlier one is ignored.
namespace peer_redis {
namespace {

constexpr std::string_view kSwitch = "+switch-master";
constexpr std::chrono::seconds kPauseBeforeListening{1};

}  // namespace

Sentinels::Sentinels(EventLoop& loop, const Options& options, std::function<void()> moved)
    : loop_(loop),
      options_(options),
      moved_(std::move(moved)),
      resolver_(loop),
      connection_(loop, {[this](const Reply& reply) { take_reply(reply); },
                         [this](std::string_view why) { try_other(why); }}) {}

void Sentinels::stop() {
  stopped_ = true;
  ++attempt_;
  answer_ = {};
  connection_.close();
}

void Sentinels::ask(Answer answer) {
  answer_ = std::move(answer);
  tried_ = 0;
  // Posted, so that an answer never comes within the question.
  if (announced_) {
    loop_.post([this, attempt = attempt_, master = *std::exchange(announced_, {})] {
      if (attempt == attempt_) tell(master, {});
    });
    return;
  }
  ask_next();
}

void Sentinels::ask_next() {
  const std::uint64_t attempt = ++attempt_;
  connection_.close();
  replies_ = 0;
  listens_ = false;
  loop_.run_at(Clock::now() + options_.operation_timeout / 2, [this, attempt] {
    if (attempt == attempt_ && !listens_) try_other("no answer");
  });
  const Endpoint& sentinel = options_.sentinels[next_ % options_.sentinels.size()];
  resolver_.resolve(sentinel.host, sentinel.port, [this, attempt](std::vector<Address> found) {
    if (attempt != attempt_) return;
    const Endpoint& there = options_.sentinels[next_ % options_.sentinels.size()];
    if (found.empty()) return try_other("no such host");
    const Access& access = options_.sentinel_access;
    connection_.open(found[tried_ / options_.sentinels.size() % found.size()],
                     access.tls ? &options_.tls : nullptr, there.host);
    if (attempt != attempt_) return;
    if (!access.username.empty()) {
      connection_.send(std::vector<std::string_view>{"AUTH", access.username, access.password});
    } else if (!access.password.empty()) {
      connection_.send(std::vector<std::string_view>{"AUTH", access.password});
    } else {
      ++replies_;  // the first is that to AUTH
    }
    // In one go: no switch comes between the answer and the subscription.
    connection_.send(
        std::vector<std::string_view>{"SENTINEL", "get-master-addr-by-name", options_.master});
    connection_.send(std::vector<std::string_view>{"SUBSCRIBE", kSwitch});
  });
}

void Sentinels::take_reply(const Reply& reply) {
  if (reply.is_error()) return try_other(std::string(reply.text()));
  switch (replies_++) {
    case 0:
      return;
    case 1:
      return take_master(reply);
    case 2:
      listens_ = true;
      return tell(last_, {});
    default:
      return take_pushed(reply);
  }
}

void Sentinels::take_master(const Reply& reply) {
  const auto master = make_endpoint(reply[0].text(), reply[1].text());
  if (!master) return try_other("it knows no master of the name '" + options_.master + "'");
  // Where somebody waits for the answer, the answer itself says it.
  const bool moved = last_ && *last_ != *master && !answer_;
  last_ = master;
  if (!moved) return;
  announced_ = master;
  moved_();
}

void Sentinels::take_pushed(const Reply& reply) {
  if (reply[0].text() != "message" || reply[1].text() != kSwitch) return;
  const auto master = parse_switch(reply[2].text(), options_.master);
  if (!master || (last_ && *last_ == *master)) return;
  last_ = master;
  announced_ = master;
  moved_();
}

void Sentinels::try_other(std::string_view why) {
  const std::string reason(why);
  ++attempt_;
  connection_.close();
  listens_ = false;
  const Endpoint& sentinel = options_.sentinels[next_ % options_.sentinels.size()];
  ++next_;
  if (++tried_ < options_.sentinels.size()) {
    // Posted: what has failed may still be at work.
    loop_.post([this, attempt = attempt_] {
      if (attempt == attempt_) ask_next();
    });
    return;
  }
  ask_later();
  tell(std::nullopt, "no Sentinel knows the master; " + to_text(sentinel) + ": " + reason);
}

// Nobody is listened to: a switch would go unseen.
void Sentinels::ask_later() {
  loop_.run_at(Clock::now() + kPauseBeforeListening, [this, attempt = attempt_] {
    if (attempt != attempt_ || stopped_) return;
    tried_ = 0;
    ask_next();
  });
}

void Sentinels::tell(const std::optional<Endpoint>& master, std::string_view why) {
  if (const Answer answer = std::exchange(answer_, {})) answer(master, why);
}

}  // namespace peer_redis
