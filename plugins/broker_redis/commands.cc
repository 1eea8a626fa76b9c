#include "commands.h"

#include <algorithm>
#include <functional>
#include <utility>

// In: commands of the parts, each with who waits for its reply. Replies come in the order of the
// commands, so `pending_` is a queue and needs no numbers. What Redis has refused for want of its
// scripts waits in `held_back_`, and so does each script behind it, until the scripts are there
// again.
namespace peer_redis {
namespace {

/// With these Redis is not busy: what comes next is not made to wait for their answers.
constexpr std::size_t kFewUnderWay = 8;

std::string formatted(const Arguments& arguments) {
  std::string bytes;
  append_command(bytes, arguments);
  return bytes;
}

/// The scripts are written for channels that all nodes of a Cluster share.
std::string with_sharded_channels(std::string text) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"'PUBLISH'", "'SPUBLISH'"}, {"'NUMSUB'", "'SHARDNUMSUB'"}};
  for (const auto& [word, sharded] : kWords) {
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
      text.replace(at, word.size(), sharded);
      at += sharded.size();
    }
  }
  return text;
}

}  // namespace

Commands::Commands(EventLoop& loop, std::chrono::milliseconds timeout, bool in_parts, Events events)
    : loop_(loop),
      timeout_(timeout),
      in_parts_(in_parts),
      events_(std::move(events)),
      own_({[](std::string_view) {}, [this](std::string_view why) { events_.failed(why); }}),
      connection_(loop, {[this](const Reply& reply) { handle_reply(reply); },
                         [this](std::string_view why) { events_.failed(why); }}) {}

Commands::~Commands() {
  if (silence_timer_) loop_.cancel(*silence_timer_);
}

void Commands::open(const Address& address, const TlsOptions* tls, const std::string& host) {
  connection_.open(address, tls, host);
}

void Commands::abort() { connection_.abort(); }

void Commands::close() {
  connection_.flush();
  connection_.close();
}

// What is kept goes when something has come, and that will.
void Commands::flush() {
  if (in_parts_ && !connection_.has_news() && pending_.size() > unsent_ + kFewUnderWay) return;
  unsent_ = 0;
  connection_.flush();
}

void Commands::count_unsent() { unsent_ = connection_.queued_bytes() == 0 ? 1 : unsent_ + 1; }

// Replies to what is under way will come, if the connection lives: to nobody.
void Commands::answer_none(Lane& lane) {
  lane.refusal_.clear();
  pending_of_lanes_ -= lane.pending_;
  lane.pending_ = 0;
  std::vector<OnReply> unanswered;
  for (Command& command : pending_) {
    if (command.lane != &lane) continue;
    command.lane = nullptr;
    unanswered.push_back(std::move(command.on_reply));
  }
  for (auto command = held_back_.begin(); command != held_back_.end();) {
    if (command->lane != &lane) {
      ++command;
      continue;
    }
    pending_bytes_ -= command->size;
    unanswered.push_back(std::move(command->on_reply));
    command = held_back_.erase(command);
  }
  // Nothing of the lane is left before anybody is called: a callback may send, and must not find
  // old commands.
  for (const OnReply& on_reply : unanswered) on_reply(nullptr);
}

void Commands::load_scripts(bool sharded) {
  sharded_ = sharded;
  for (std::size_t i = 0; i < kScriptCount; ++i) {
    std::string text = in_parts_ ? kScripts[i].text_in_parts : kScripts[i].text;
    if (sharded) text = with_sharded_channels(std::move(text));
    send({"SCRIPT", "LOAD", text}, [this, i](const Reply* reply) {
      if (reply == nullptr) return;
      if (reply->is_error()) return events_.failed(reply->text());
      hashes_[i] = reply->text();
      // The answers come in order, so the last one means all.
      if (i + 1 < kScriptCount) return;
      has_scripts_ = true;
      events_.scripts_loaded();
    });
  }
}

void Commands::send(Lane& lane, const Arguments& command, OnReply on_reply) {
  send_bytes(lane, formatted(command), false, std::move(on_reply), Kind::kOwnTruth);
}

void Commands::ask(Lane& lane, const Arguments& command, OnReply on_reply) {
  const std::size_t before = pending_.size();
  send(lane, command, std::move(on_reply));
  if (pending_.size() > before) pending_.back().may_be_refused = true;
}

void Commands::run(Lane& lane, const Arguments& evalsha, OnReply on_reply, Kind kind) {
  send_bytes(lane, formatted(evalsha), true, std::move(on_reply), kind);
}

void Commands::publish(Lane& lane, std::string_view word, std::string_view channel,
                       std::string_view message, OnReply on_reply, Kind kind) {
  if (!takes(lane, kind)) return on_reply(nullptr);
  const std::string_view command[] = {word, channel, message};
  count_unsent();
  if (!connection_.send(command)) return on_reply(nullptr);
  // 40: the words and lengths of the command in RESP.
  await_reply(lane, {}, std::move(on_reply), size_of(channel.size() + message.size() + 40));
}

bool Commands::takes(const Lane& lane, Kind kind) {
  return connection_.is_open() && !lane.is_giving_up() && admits(kind);
}

// The failure is posted: whoever asks is not prepared for what it changes.
bool Commands::admits(Kind kind) {
  if (kind == Kind::kOwnTruth) return true;
  if (kind == Kind::kMessage) return has_room();
  // It is about to fail. Nothing more is taken: what came later must not be done without what came
  // first.
  if (overflown_) return false;
  if (pending_bytes_ < kMaxPendingBytes) return true;
  overflown_ = true;
  loop_.post([this, alive = std::weak_ptr<const bool>(alive_)] {
    if (!alive.expired() && connection_.is_open()) events_.failed("it does not keep up");
  });
  return false;
}

void Commands::send_bytes(Lane& lane, std::string bytes, bool repeatable, OnReply on_reply,
                          Kind kind) {
  if (!takes(lane, kind)) return on_reply(nullptr);
  const std::size_t size = size_of(bytes.size());
  // It waits behind those that have been refused for want of the scripts.
  if (scripts_lost_ && repeatable) {
    held_back_.push_back({&lane, std::move(bytes), std::move(on_reply), loop_.now(), size});
    pending_bytes_ += size;
    return;
  }
  count_unsent();
  if (!connection_.send_bytes(bytes)) return on_reply(nullptr);
  // The bytes are kept for sending them again, which only scripts need.
  if (!repeatable) bytes.clear();
  await_reply(lane, std::move(bytes), std::move(on_reply), size);
}

void Commands::await_reply(Lane& lane, std::string bytes, OnReply on_reply, std::size_t size) {
  pending_.push_back({&lane, std::move(bytes), std::move(on_reply), loop_.now(), size});
  pending_bytes_ += size;
  ++lane.pending_;
  if (&lane != &own_) ++pending_of_lanes_;
  if (!silence_timer_) watch_silence();
}

void Commands::watch_silence() {
  silence_timer_.reset();
  if (pending_.empty()) return;
  silence_timer_ = loop_.run_at(pending_.front().sent + timeout_, [this] {
    silence_timer_.reset();
    const bool silent = !pending_.empty() && Clock::now() - pending_.front().sent >= timeout_;
    if (silent) return events_.failed("no answer");
    watch_silence();
  });
}

void Commands::handle_reply(const Reply& reply) {
  if (pending_.empty()) return events_.failed("a reply to nothing");
  Command command = std::move(pending_.front());
  pending_.pop_front();
  Lane* const lane = command.lane;
  if (lane != nullptr && lane != &own_) --pending_of_lanes_;
  latency_ = std::chrono::duration_cast<std::chrono::microseconds>(loop_.now() - command.sent);
  // Redis has restarted, or somebody has flushed its scripts. The command was not done, so it is
  // sent again, at the place that it had.
  if (lane != nullptr && reply.is_error() && reply.text().starts_with("NOSCRIPT") &&
      !command.bytes.empty()) {
    scripts_lost_ = true;
    --lane->pending_;
    held_back_.insert(std::find_if(held_back_.begin(), held_back_.end(),
                                   [&](const Command& other) { return other.sent > command.sent; }),
                      std::move(command));
  } else {
    pending_bytes_ -= command.size;
    if (lane != nullptr) answer(*lane, command, reply);
  }
  // The lane may have failed already, and is not giving up then.
  if (lane != nullptr && lane->is_giving_up() && lane->pending_ == 0) {
    lane->events_.failed(std::string(lane->refusal_));
  }
  if (!connection_.is_open()) return;
  if (scripts_lost_ && pending_.empty()) send_held_back();
}

void Commands::answer(Lane& lane, const Command& command, const Reply& reply) {
  --lane.pending_;
  // The first refusal decides. What is sent behind it would change the order, so nothing more is
  // sent.
  if (reply.is_refusal() && !command.may_be_refused && !lane.is_giving_up()) {
    lane.events_.refused(reply.text());
    lane.refusal_ = reply.text();
  }
  command.on_reply(&reply);
}

// Only now, when nothing is under way any more, so that the order of the commands holds.
void Commands::send_held_back() {
  scripts_lost_ = false;
  events_.scripts_lost();
  load_scripts(sharded_);
  while (!held_back_.empty()) {
    Command command = std::move(held_back_.front());
    held_back_.pop_front();
    pending_bytes_ -= command.size;
    send_bytes(*command.lane, std::move(command.bytes), true, std::move(command.on_reply),
               Kind::kOwnTruth);
  }
}

void Commands::leave(Lane& lane, std::string_view why) {
  if (lane.is_giving_up()) return;
  lane.refusal_ = why;
  if (lane.pending_ == 0) lane.events_.failed(std::string(lane.refusal_));
}

}  // namespace peer_redis
