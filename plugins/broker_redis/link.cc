#include "link.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <utility>

#include "envelope.h"
#include "failure_text.h"

namespace peer_redis {
namespace {

using std::chrono::milliseconds;

/// Nothing is published to the last one: its listeners are the nodes of ours, of all databases.
constexpr const char* kGuideChannels[] = {"signal", "relay", "broadcast", "ours"};
constexpr milliseconds kFirstBackoff{50};
constexpr milliseconds kLastBackoff{5000};

// Well below the lease: the others reap who is not back within a lease of theirs.
milliseconds backoff(std::uint32_t failures, milliseconds lease) {
  const auto full = std::min(
      {kLastBackoff, lease / 3 + milliseconds(1), kFirstBackoff * (1 << std::min(failures, 10U))});
  thread_local std::minstd_rand random{std::random_device{}()};
  return full / 2 + milliseconds(random() % static_cast<unsigned>(full.count() / 2 + 1));
}

std::string formatted(const Arguments& arguments) {
  std::string bytes;
  append_command(bytes, arguments);
  return bytes;
}

}  // namespace

Link::Link(EventLoop& loop, const Options& options, std::string node, Events events)
    : loop_(loop),
      options_(options),
      node_(std::move(node)),
      key_(options.prefix + ":{0}"),
      own_channel_(options.node_channel(node_)),
      channel_prefix_(options.node_channel("")),
      events_(std::move(events)),
      resolver_(loop),
      commands_(loop, {[this](const Reply& reply) { handle_reply(reply); },
                       [this](std::string_view why) { fail(why); }}),
      subscriber_(loop, {[this](const Reply& reply) { handle_pushed(reply); },
                         [this](std::string_view why) { fail(why); }}) {}

void Link::stop() {
  stopped_ = true;
  state_ = State::kDown;
  commands_.flush();
  commands_.close();
  subscriber_.close();
  fail_pending();
}

void Link::connect() {
  if (stopped_) return;
  state_ = State::kConnecting;
  scripts_loaded_ = false;
  subscribed_ = 0;
  others_left_ = false;
  const std::uint64_t attempt = ++attempt_;
  loop_.run_at(Clock::now() + 2 * options_.operation_timeout, [this, attempt] {
    if (attempt == attempt_ && state_ == State::kConnecting) fail("no answer");
  });
  resolver_.resolve(options_.host, options_.port, [this, attempt](std::vector<Address> found) {
    if (attempt != attempt_ || state_ != State::kConnecting) return;
    if (found.empty()) return fail("no such host: " + options_.host);
    open(found);
  });
}

void Link::open(const std::vector<Address>& addresses) {
  address_ = addresses_.next(addresses);
  others_left_ = addresses_.has_others();
  const std::uint64_t attempt = attempt_;
  commands_.open(address_);
  if (attempt != attempt_ || state_ != State::kConnecting) return;
  greet(commands_);
  ask_for_scripts();
  load_scripts();
  subscriber_.open(address_);
  if (attempt != attempt_ || state_ != State::kConnecting) return;
  greet(subscriber_);
  std::vector<std::string> channels{own_channel_};
  if (options_.legacy_channels) {
    for (const char* name : kGuideChannels) {
      channels.push_back(options_.guide_channel(name));
    }
  }
  Arguments subscribe{"SUBSCRIBE"};
  subscribe.insert(subscribe.end(), channels.begin(), channels.end());
  subscriber_.send(subscribe);
}

void Link::greet(Connection& connection) {
  const auto say = [&](const Arguments& arguments) {
    if (&connection == &subscriber_) {
      connection.send(arguments);
      return;
    }
    send(
        formatted(arguments), false,
        [this](const Reply* reply) {
          if (reply != nullptr && reply->is_error()) fail(reply->text());
        },
        Kind::kOwnTruth);
  };
  if (!options_.password.empty()) say({"AUTH", options_.password});
  if (options_.db != 0) say({"SELECT", std::to_string(options_.db)});
}

// It keeps scripts as long as it runs.
void Link::ask_for_scripts() {
  if (hashes_[0].empty()) return;
  send(
      formatted({"SCRIPT", "EXISTS", hashes_[0]}), false,
      [this](const Reply* reply) {
        if (reply != nullptr && !reply->is_error() && (*reply)[0].integer() == 0) {
          another_store_ = true;
        }
      },
      Kind::kOwnTruth);
}

void Link::load_scripts() {
  for (std::size_t i = 0; i < kScriptCount; ++i) {
    send(
        formatted({"SCRIPT", "LOAD", kScripts[i].text}), false,
        [this, i](const Reply* reply) {
          if (reply == nullptr) return;
          if (reply->is_error()) return fail(reply->text());
          hashes_[i] = reply->text();
          if (i + 1 < kScriptCount) return;
          scripts_loaded_ = true;
          prove_when_ready();
        },
        Kind::kOwnTruth);
  }
}

void Link::prove_when_ready() {
  const std::size_t channels = 1 + (options_.legacy_channels ? std::size(kGuideChannels) : 0);
  if (state_ != State::kConnecting || !scripts_loaded_ || subscribed_ < channels) return;
  state_ = State::kProving;
  probe();
}

void Link::look_up_later() {
  loop_.run_at(Clock::now() + options_.lookup, [this, attempt = attempt_] {
    if (attempt == attempt_ && state_ == State::kUp) look_up();
  });
}

// An answer without addresses says nothing: the name server may be away.
void Link::look_up() {
  look_up_later();
  const auto take = [this, attempt = attempt_](const std::vector<Address>& found) {
    if (attempt != attempt_ || state_ != State::kUp || found.empty()) return;
    if (std::find(found.begin(), found.end(), address_) != found.end()) return;
    leave(kLeadsElsewhere);
  };
  resolver_.resolve(options_.host, options_.port, take);
}

// Nothing more is sent, and what is under way is answered yet.
void Link::leave(std::string_view why) {
  if (is_giving_up()) return;
  refusal_ = why;
  if (pending_.empty()) fail(std::string(refusal_));
}

void Link::probe() {
  const std::uint64_t number = ++last_probe_;
  const std::uint64_t attempt = attempt_;
  const std::string envelope = pack({"P", std::to_string(number)});
  publish(
      own_channel_, envelope, [](const Reply*) {}, Kind::kState);
  if (probe_timer_) return;
  probe_timer_ = loop_.run_at(Clock::now() + options_.operation_timeout, [this, attempt] {
    probe_timer_.reset();
    if (attempt == attempt_) fail("the subscription is silent");
  });
}

void Link::run(Script script, const Arguments& arguments, OnReply on_reply, Kind kind) {
  const std::string number = std::to_string(attempt_);
  const std::string lease = std::to_string(options_.lease.count());
  Arguments all{"EVALSHA",
                hashes_[static_cast<std::size_t>(script)],
                "1",
                key_,
                channel_prefix_,
                node_,
                number,
                lease};
  all.insert(all.end(), arguments.begin(), arguments.end());
  send(formatted(all), true, std::move(on_reply), kind);
}

void Link::publish(std::string_view channel, std::string_view message, OnReply on_reply,
                   Kind kind) {
  if (state_ == State::kDown || is_giving_up() || !admits(kind)) return on_reply(nullptr);
  const std::string_view command[] = {"PUBLISH", channel, message};
  if (!commands_.send(command)) return on_reply(nullptr);
  await_reply({}, std::move(on_reply), size_of(channel.size() + message.size() + 40));
}

void Link::ask(const Arguments& command, OnReply on_reply) {
  const std::size_t before = pending_.size();
  send(formatted(command), false, std::move(on_reply), Kind::kOwnTruth);
  if (pending_.size() > before) pending_.back().may_be_refused = true;
}

// The failure is posted: whoever asks is not prepared for what it changes.
bool Link::admits(Kind kind) {
  if (kind == Kind::kOwnTruth) return true;
  if (kind == Kind::kMessage) return has_room();
  if (overflown_) return false;
  if (pending_bytes_ < kMaxPendingBytes) return true;
  overflown_ = true;
  loop_.post([this, attempt = attempt_] {
    if (attempt == attempt_) fail("it does not keep up");
  });
  return false;
}

void Link::send(std::string bytes, bool repeatable, OnReply on_reply, Kind kind) {
  if (state_ == State::kDown || is_giving_up() || !admits(kind)) return on_reply(nullptr);
  const std::size_t size = size_of(bytes.size());
  if (scripts_lost_ && repeatable) {
    held_back_.push_back({std::move(bytes), std::move(on_reply), loop_.now(), size});
    pending_bytes_ += size;
    return;
  }
  if (!commands_.send_bytes(bytes)) return on_reply(nullptr);
  if (!repeatable) bytes.clear();
  await_reply(std::move(bytes), std::move(on_reply), size);
}

void Link::await_reply(std::string bytes, OnReply on_reply, std::size_t size) {
  pending_.push_back({std::move(bytes), std::move(on_reply), loop_.now(), size});
  pending_bytes_ += size;
  if (!silence_timer_) watch_silence();
}

void Link::watch_silence() {
  silence_timer_.reset();
  if (pending_.empty()) return;
  silence_timer_ = loop_.run_at(pending_.front().sent + options_.operation_timeout, [this] {
    silence_timer_.reset();
    const bool silent =
        !pending_.empty() && Clock::now() - pending_.front().sent >= options_.operation_timeout;
    if (silent) return fail("no answer");
    watch_silence();
  });
}

void Link::handle_reply(const Reply& reply) {
  if (pending_.empty()) return fail("a reply to nothing");
  Command command = std::move(pending_.front());
  pending_.pop_front();
  latency_ = std::chrono::duration_cast<std::chrono::microseconds>(loop_.now() - command.sent);
  if (reply.is_error() && reply.text().starts_with("NOSCRIPT") && !command.bytes.empty()) {
    scripts_lost_ = true;
    held_back_.insert(std::find_if(held_back_.begin(), held_back_.end(),
                                   [&](const Command& other) { return other.sent > command.sent; }),
                      std::move(command));
  } else {
    pending_bytes_ -= command.size;
    if (reply.is_refusal() && !command.may_be_refused && refusal_.empty()) refusal_ = reply.text();
    command.on_reply(&reply);
  }
  if (is_giving_up() && pending_.empty()) return fail(std::string(refusal_));
  if (scripts_lost_ && pending_.empty()) send_held_back();
}

// Only now, when nothing is under way any more, so that the order of the commands holds.
void Link::send_held_back() {
  scripts_lost_ = false;
  load_scripts();
  for (Command& command : std::exchange(held_back_, {})) {
    pending_bytes_ -= command.size;
    send(std::move(command.bytes), true, std::move(command.on_reply), Kind::kOwnTruth);
  }
}

void Link::handle_pushed(const Reply& reply) {
  if (reply.is_error()) return fail(reply.text());
  const std::string_view kind = reply[0].text();
  if (kind == "subscribe") {
    ++subscribed_;
    prove_when_ready();
  } else if (kind == "message" && reply[1].text() == own_channel_ &&
             reply[2].text().starts_with("1:P,")) {
    const auto fields = unpack(reply[2].text());
    if (!fields || fields->size() != 2 || (*fields)[1] != std::to_string(last_probe_)) return;
    if (probe_timer_) loop_.cancel(*probe_timer_);
    probe_timer_.reset();
    if (state_ != State::kProving) return;
    state_ = State::kUp;
    events_.up();
    look_up_later();
    take_early();
  } else if (kind == "message" && state_ == State::kUp) {
    events_.message(reply[1].text(), reply[2].text());
  } else if (kind == "message") {
    keep_early(reply[1].text(), reply[2].text());
  }
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

void Link::flush() {
  commands_.flush();
  subscriber_.flush();
}

void Link::fail(std::string_view why) {
  if (state_ == State::kDown) return;
  const bool try_other = state_ != State::kUp && others_left_;
  state_ = State::kDown;
  ++attempt_;
  const std::string reason(why);
  commands_.abort();
  subscriber_.abort();
  if (probe_timer_) loop_.cancel(*probe_timer_);
  probe_timer_.reset();
  if (!early_.empty()) events_.lost(early_.size());
  early_.clear();
  early_bytes_ = 0;
  if (!try_other) events_.down(reason);
  fail_pending();
  const auto pause = try_other ? milliseconds(0) : backoff(failures_++, options_.lease);
  loop_.run_at(Clock::now() + pause, [this] { connect(); });
}

void Link::fail_pending() {
  refusal_.clear();
  scripts_lost_ = false;
  overflown_ = false;
  pending_bytes_ = 0;
  const auto held_back = std::exchange(held_back_, {});
  for (const Command& command : std::exchange(pending_, {})) command.on_reply(nullptr);
  for (const Command& command : held_back) command.on_reply(nullptr);
}

}  // namespace peer_redis
