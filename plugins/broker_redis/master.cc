#include "master.h"

#include <algorithm>
#include <utility>

// In: what several parts say to one server of Redis. Out: to each what concerns it: replies by its
// lane of the commands, confirmations and messages by the name of its channel. The subscribing
// connection answers in order what it has been told (`asked_`); what comes besides, Redis says of
// its own accord.
namespace peer_redis {
namespace {

/// Longer than the pauses of those who try again.
constexpr std::chrono::seconds kMostIdle{1};

}  // namespace

Master::Master(EventLoop& loop, const Options& options, const Whereabouts::Place& place)
    : loop_(loop),
      options_(options),
      place_(place),
      commands_(loop, options.operation_timeout, options.parts > 1,
                {[this](std::string_view why) { fail(why); },
                 [this] { for_all([](User& user) { user.scripts_loaded(); }); },
                 [this] { for_all([](User& user) { user.scripts_lost(); }); }}),
      subscriber_(loop, {[this](const Reply& reply) { handle_pushed(reply); },
                         [this](std::string_view why) { fail(why); }}) {}

// With TLS the certificate must be that of the name by which it is called.
bool Master::is_at(const Whereabouts::Place& place) const {
  return is_open_ && place_.address == place.address &&
         (!options_.access.tls || place_.endpoint.host == place.endpoint.host);
}

void Master::open() {
  is_open_ = true;
  const TlsOptions* tls = options_.access.tls ? &options_.tls : nullptr;
  commands_.open(place_.address, tls, place_.endpoint.host);
  if (!is_open_) return;
  // All of this is sent without waiting for the answers: one round trip instead of one for each
  // step.
  greet([this](const Arguments& words) {
    commands_.send(words, [this](const Reply* reply) {
      if (reply != nullptr && reply->is_error()) fail(reply->text());
    });
  });
  ask_who_it_is();
  subscriber_.open(place_.address, tls, place_.endpoint.host);
  if (!is_open_) return;
  greet([this](const Arguments& words) {
    subscriber_.send(words);
    asked_.push_back({Asked::What::kGreeting, {}, 0});
  });
}

void Master::greet(const std::function<void(const Arguments& words)>& say) const {
  const Access& access = options_.access;
  if (!access.username.empty()) {
    say({"AUTH", access.username, access.password});
  } else if (!access.password.empty()) {
    say({"AUTH", access.password});
  }
  if (options_.db != 0) say({"SELECT", std::to_string(options_.db)});
}

// A node of a Cluster answers OK to READWRITE, and any other an error.
void Master::ask_who_it_is() {
  commands_.ask({"READWRITE"}, [this](const Reply* reply) {
    if (reply == nullptr) return;
    // Without the right to ask, a node of a Cluster would look like any other Redis.
    if (reply->is_error() && reply->text().starts_with("NOPERM")) return fail(reply->text());
    in_cluster_ = !reply->is_error();
    // Which words they have for channels depends on it.
    if (options_.parts > 1) load_scripts();
    for_all([](User& user) { user.known(); });
  });
}

template <typename Function>
void Master::for_all(Function function) {
  for (User* const user : std::vector<User*>(users_)) {
    if (std::find(users_.begin(), users_.end(), user) != users_.end()) function(*user);
  }
}

void Master::enter(User& user) {
  users_.push_back(&user);
  idle_since_.reset();
}

void Master::leave(User& user, bool gently) {
  if (std::erase(users_, &user) == 0 || !is_open_) return;
  if (!users_.empty()) return give_up_channels(user);
  if (gently) {
    is_open_ = false;
    commands_.close();
    subscriber_.close();
  } else if (options_.parts == 1 || !is_known()) {
    fail("nobody needs it");
  } else {
    give_up_channels(user);
    idle_since_ = Clock::now();
    loop_.run_at(*idle_since_ + kMostIdle, [] {});  // the round of the loop closes it
  }
}

void Master::close_if_idle(Time now) {
  if (idle_since_ && now - *idle_since_ >= kMostIdle) fail("nobody needs it");
}

void Master::give_up_channels(const User& user) {
  for (auto channel = channels_.begin(); channel != channels_.end();) {
    if (channel->second.user != &user) {
      ++channel;
      continue;
    }
    unsubscribe(channel->first);
    channel = channels_.erase(channel);
  }
}

void Master::fail(std::string_view why) {
  if (!std::exchange(is_open_, false)) return;
  const std::string reason(why);
  commands_.abort();
  subscriber_.abort();
  for_all([&](User& user) { user.failed(reason); });
}

void Master::subscribe(User& user, const std::vector<std::string>& channels) {
  Arguments words{is_sharded() ? "SSUBSCRIBE" : "SUBSCRIBE"};
  for (const std::string& channel : channels) {
    const std::uint64_t number = ++last_number_;
    channels_[channel] = {&user, number, false};
    asked_.push_back({Asked::What::kSubscribe, channel, number});
    words.push_back(channel);
  }
  subscriber_.send(words);
}

// Redis may end the subscription to a sharded channel before this arrives there, and refuse it
// then: its answers cannot be told from what Redis says of its own accord. The answer to
// UNSUBSCRIBE, by which nothing ends, and which no slot refuses, is behind them.
void Master::unsubscribe(const std::string& channel) {
  const auto found = channels_.find(channel);
  asked_.push_back(
      {Asked::What::kUnsubscribe, channel, found == channels_.end() ? 0 : found->second.number});
  if (is_sharded()) subscriber_.send(Arguments{"SUNSUBSCRIBE", channel});
  subscriber_.send(Arguments{"UNSUBSCRIBE", channel});
}

void Master::handle_pushed(const Reply& reply) {
  const std::string_view kind = reply[0].text();
  if (kind == "message" || kind == "smessage") {
    const std::string_view channel = reply[1].text();
    if (options_.parts == 1) {
      if (!users_.empty()) users_.front()->message(channel, reply[2].text());
      return;
    }
    const auto found = channels_.find(channel);
    if (found != channels_.end() && found->second.confirmed) {
      return found->second.user->message(channel, reply[2].text());
    }
    // Of a subscription that has been given up: who published it was told that it arrived.
    if (!is_probe(reply[2].text())) ++unheard_;
  } else if (kind == "unsubscribe" || kind == "sunsubscribe") {
    take_end(kind, reply[1].text());
  } else {
    take_answer(reply);
  }
}

// To a greeting, or to a subscription: an error does not say of which.
void Master::take_answer(const Reply& reply) {
  if (asked_.empty()) return fail(reply.is_error() ? reply.text() : "an answer to nothing");
  if (asked_.front().what == Asked::What::kUnsubscribe) return take_refused_end(reply);
  const Asked asked = std::move(asked_.front());
  asked_.pop_front();
  if (asked.what == Asked::What::kGreeting) {
    if (reply.is_error()) fail(reply.text());
    return;
  }
  const auto found = channels_.find(asked.channel);
  if (found == channels_.end() || found->second.number != asked.number) return;
  User& user = *found->second.user;
  if (reply.is_error()) return user.failed(reply.text());
  found->second.confirmed = true;
  user.subscribed();
}

// One error may be the answer to SUNSUBSCRIBE. A second one, or an answer that belongs further
// behind, means that the other command was refused: then nobody knows what answers what.
void Master::take_refused_end(const Reply& reply) {
  const bool is_first = is_sharded() && !std::exchange(asked_.front().refused, true);
  if (!reply.is_error()) return fail("an answer to another question");
  if (!is_first) fail(reply.text());
}

void Master::take_end(std::string_view kind, std::string_view channel) {
  const bool as_asked = !asked_.empty() && asked_.front().what == Asked::What::kUnsubscribe &&
                        asked_.front().channel == channel;
  if (kind == "unsubscribe")
    return as_asked ? end_as_asked() : fail("a subscription ended unasked");
  if (as_asked) return;
  const auto found = channels_.find(channel);
  // Else it is the end of an earlier subscription.
  if (found != channels_.end() && found->second.confirmed) found->second.user->channel_lost();
}

void Master::end_as_asked() {
  const Asked asked = std::move(asked_.front());
  asked_.pop_front();
  const auto found = channels_.find(asked.channel);
  // Else it has been asked for again since.
  if (found != channels_.end() && found->second.number == asked.number) {
    found->second.user->unsubscribed();
  }
}

void Master::flush() {
  commands_.flush();
  subscriber_.flush();
}

std::shared_ptr<Master> Masters::enter(const Whereabouts::Place& place, Master::User& user) {
  const auto found = std::find_if(masters_.begin(), masters_.end(),
                                  [&](const auto& master) { return master->is_at(place); });
  if (found != masters_.end()) {
    (*found)->enter(user);
    return *found;
  }
  auto master = std::make_shared<Master>(loop_, options_, place);
  masters_.push_back(master);
  master->enter(user);
  return master;
}

void Masters::fail_all(std::string_view why) {
  for (const auto& master : std::vector<std::shared_ptr<Master>>(masters_)) master->fail(why);
}

// Only here, where no callback of a connection is under way. More may come meanwhile, and none is
// erased before they all have had their turn.
void Masters::flush() {
  for (std::size_t i = 0; i < masters_.size(); ++i) {
    Master& master = *masters_[i];
    master.close_if_idle(loop_.now());
    master.flush();
  }
  std::erase_if(masters_, [this](const auto& master) {
    if (master->is_open()) return false;
    unheard_ += master->take_unheard();
    return true;
  });
}

std::uint64_t Masters::take_unheard() {
  for (const auto& master : masters_) unheard_ += master->take_unheard();
  return std::exchange(unheard_, 0);
}

std::size_t Masters::pending() const {
  std::size_t commands = 0;
  for (const auto& master : masters_) commands += master->commands().pending();
  return commands;
}

std::size_t Masters::queued_bytes() const {
  std::size_t bytes = 0;
  for (const auto& master : masters_) bytes += master->commands().queued_bytes();
  return bytes;
}

std::chrono::microseconds Masters::latency() const {
  std::chrono::microseconds longest{0};
  for (const auto& master : masters_) longest = std::max(longest, master->commands().latency());
  return longest;
}

}  // namespace peer_redis
