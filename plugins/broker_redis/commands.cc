#include "commands.h"

#include <algorithm>
#include <functional>
#include <utility>

// In: commands of the node, each with who waits for its reply. Replies come in the order of the
// commands, so `pending_` is a queue and needs no numbers. What Redis has refused for want of its
// scripts waits in `held_back_`, and so does each script behind it, until the scripts are there
// again.
namespace peer_redis {
namespace {

std::string formatted(const Arguments& arguments) {
  std::string bytes;
  append_command(bytes, arguments);
  return bytes;
}

}  // namespace

Commands::Commands(EventLoop& loop, std::chrono::milliseconds timeout, bool in_parts,
                   std::string node, Events events)
    : loop_(loop),
      timeout_(timeout),
      in_parts_(in_parts),
      node_(std::move(node)),
      events_(std::move(events)),
      connection_(loop, {[this](const Reply& reply) { handle_reply(reply); },
                         [this](std::string_view why) { events_.failed(why); }}) {}

void Commands::open(const Address& address, const TlsOptions* tls, const std::string& host) {
  has_scripts_ = false;
  connection_.open(address, tls, host);
}

void Commands::abort() {
  ++aborted_;
  connection_.abort();
}

void Commands::close() {
  connection_.flush();
  connection_.close();
}

void Commands::answer_none() {
  refusal_.clear();
  scripts_lost_ = false;
  overflown_ = false;
  pending_bytes_ = 0;
  const auto held_back = std::exchange(held_back_, {});
  // The queues are empty before anybody is called: a callback may send, and must not find old
  // commands.
  for (const Command& command : std::exchange(pending_, {})) command.on_reply(nullptr);
  for (const Command& command : held_back) command.on_reply(nullptr);
}

// Redis keeps scripts as long as it runs, and forgets none. One of our own tells whether it is
// still the same process. The others are there again as soon as any node has come back.
void Commands::ask_for_marker() {
  // There is nothing to ask on the first connection: this node has no marker there.
  if (marker_hash_.empty()) return;
  send({"SCRIPT", "EXISTS", marker_hash_}, [this](const Reply* reply) {
    if (reply != nullptr && !reply->is_error() && (*reply)[0].integer() == 0) {
      another_store_ = true;
    }
  });
}

// Two nodes have the same one by a chance that is small, and all nodes that ever were fill no
// memory.
void Commands::load_marker() {
  constexpr std::size_t kMarkers = 4096;
  const std::string number = std::to_string(std::hash<std::string>()(node_) % kMarkers);
  send({"SCRIPT", "LOAD", "return " + number}, [this](const Reply* reply) {
    if (reply != nullptr && !reply->is_error()) marker_hash_ = reply->text();
  });
}

void Commands::load_scripts() {
  load_marker();
  for (std::size_t i = 0; i < kScriptCount; ++i) {
    const char* text = in_parts_ ? kScripts[i].text_in_parts : kScripts[i].text;
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

void Commands::send(const Arguments& command, OnReply on_reply) {
  send_bytes(formatted(command), false, std::move(on_reply), Kind::kOwnTruth);
}

void Commands::ask(const Arguments& command, OnReply on_reply) {
  const std::size_t before = pending_.size();
  send(command, std::move(on_reply));
  if (pending_.size() > before) pending_.back().may_be_refused = true;
}

void Commands::run(const Arguments& evalsha, OnReply on_reply, Kind kind) {
  send_bytes(formatted(evalsha), true, std::move(on_reply), kind);
}

void Commands::publish(std::string_view channel, std::string_view message, OnReply on_reply,
                       Kind kind) {
  if (!takes(kind)) return on_reply(nullptr);
  const std::string_view command[] = {"PUBLISH", channel, message};
  if (!connection_.send(command)) return on_reply(nullptr);
  // 40: the words and lengths of the command in RESP.
  await_reply({}, std::move(on_reply), size_of(channel.size() + message.size() + 40));
}

bool Commands::takes(Kind kind) { return connection_.is_open() && !is_giving_up() && admits(kind); }

// The failure is posted: whoever asks is not prepared for what it changes.
bool Commands::admits(Kind kind) {
  if (kind == Kind::kOwnTruth) return true;
  if (kind == Kind::kMessage) return has_room();
  // It is about to fail. Nothing more is taken: what came later must not be done without what came
  // first.
  if (overflown_) return false;
  if (pending_bytes_ < kMaxPendingBytes) return true;
  overflown_ = true;
  loop_.post([this, aborted = aborted_] {
    if (aborted == aborted_) events_.failed("it does not keep up");
  });
  return false;
}

void Commands::send_bytes(std::string bytes, bool repeatable, OnReply on_reply, Kind kind) {
  if (!takes(kind)) return on_reply(nullptr);
  const std::size_t size = size_of(bytes.size());
  // It waits behind those that have been refused for want of the scripts.
  if (scripts_lost_ && repeatable) {
    held_back_.push_back({std::move(bytes), std::move(on_reply), loop_.now(), size});
    pending_bytes_ += size;
    return;
  }
  if (!connection_.send_bytes(bytes)) return on_reply(nullptr);
  // The bytes are kept for sending them again, which only scripts need.
  if (!repeatable) bytes.clear();
  await_reply(std::move(bytes), std::move(on_reply), size);
}

void Commands::await_reply(std::string bytes, OnReply on_reply, std::size_t size) {
  pending_.push_back({std::move(bytes), std::move(on_reply), loop_.now(), size});
  pending_bytes_ += size;
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
  latency_ = std::chrono::duration_cast<std::chrono::microseconds>(loop_.now() - command.sent);
  // Redis has restarted, or somebody has flushed its scripts. The command was not done, so it is
  // sent again, at the place that it had.
  if (reply.is_error() && reply.text().starts_with("NOSCRIPT") && !command.bytes.empty()) {
    scripts_lost_ = true;
    held_back_.insert(std::find_if(held_back_.begin(), held_back_.end(),
                                   [&](const Command& other) { return other.sent > command.sent; }),
                      std::move(command));
  } else {
    pending_bytes_ -= command.size;
    // The first refusal decides. What is sent behind it would change the order, so nothing more is
    // sent.
    if (reply.is_refusal() && !command.may_be_refused && refusal_.empty()) {
      events_.refused(reply.text());
      refusal_ = reply.text();
    }
    command.on_reply(&reply);
  }
  if (is_giving_up() && pending_.empty()) return events_.failed(std::string(refusal_));
  if (scripts_lost_ && pending_.empty()) send_held_back();
}

// Only now, when nothing is under way any more, so that the order of the commands holds.
void Commands::send_held_back() {
  scripts_lost_ = false;
  load_scripts();
  for (Command& command : std::exchange(held_back_, {})) {
    pending_bytes_ -= command.size;
    send_bytes(std::move(command.bytes), true, std::move(command.on_reply), Kind::kOwnTruth);
  }
}

void Commands::leave(std::string_view why) {
  if (is_giving_up()) return;
  refusal_ = why;
  if (pending_.empty()) events_.failed(std::string(refusal_));
}

}  // namespace peer_redis
