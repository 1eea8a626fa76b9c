#include "core/admin/webhook.h"

#include <algorithm>
#include <utility>

#include "core/base/hmac.h"
#include "core/base/log.h"
#include "core/base/random.h"
#include "core/base/thread.h"

// One receiver of webhooks. In: events, on the loop of the API. Out: POSTs, on a thread of its own,
// of up to 100 events or what a second has brought; a batch is sent until it is taken, and what
// comes meanwhile waits in a bounded queue.
namespace peer {
namespace {

constexpr milliseconds kBatchTime{1'000};
constexpr milliseconds kRequestTime{10'000};
constexpr milliseconds kFirstPause{1'000};
constexpr milliseconds kLongestPause{300'000};

EventSet set_of_all(const std::vector<std::string>& words) {
  EventSet kinds = 0;
  for (const std::string& word : words) {
    if (const auto kind = parse_event_kind(word)) kinds |= set_of(*kind);
  }
  return kinds;
}

double random_share() {
  std::uint64_t bits = 0;
  for (const char digit : random_hex(4)) {
    bits = bits * 16 + static_cast<std::uint64_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  }
  return static_cast<double>(bits) / 4294967296.0;
}

}  // namespace

std::string webhook_signature(const std::vector<std::string>& secrets, std::int64_t seconds,
                              std::string_view body) {
  const std::string time = std::to_string(seconds);
  std::string text = "t=" + time;
  const std::string signed_text = time + "." + std::string(body);
  for (const std::string& secret : secrets) {
    text.append(",v1=").append(hmac_sha256_hex(secret, signed_text));
  }
  return text;
}

milliseconds webhook_pause(unsigned failures, double spread) {
  milliseconds pause = kFirstPause;
  for (unsigned i = 1; i < failures && pause < kLongestPause; ++i) pause *= 2;
  pause = std::min(pause, kLongestPause);
  return pause - milliseconds(
                     static_cast<std::int64_t>(static_cast<double>(pause.count()) * 0.25 * spread));
}

WebhookSender::WebhookSender(const Webhook& settings, std::string node,
                             std::shared_ptr<ApiCounts> counts)
    : kinds_(set_of_all(settings.events)),
      state_(std::make_shared<State>(*parse_http_url(settings.url), std::move(node),
                                     std::move(counts))) {
  use_secrets(settings.secrets);
  auto thread = start_thread("webhooks", [state = state_] { run(*state); });
  if (thread) {
    thread_ = std::move(*thread);
  } else {
    log_error(thread.error().message + "; no webhook is sent to " + settings.url);
  }
}

WebhookSender::~WebhookSender() { stop(milliseconds(0)); }

bool WebhookSender::wants(const Event& event) const {
  if ((set_of(event.kind) & kinds_) == 0) return false;
  // That a peer leaves a namespace concerns those who hear of joins; others pair it with register.
  const bool hears_joins = (set_of(EventKind::kJoin) & kinds_) != 0;
  return event.kind != EventKind::kLeave || hears_joins ||
         event.members.find("\"namespace\":") == std::string::npos;
}

void WebhookSender::push(const Event& event) {
  ++last_number_;
  State& state = *state_;
  bool is_full = false;
  {
    const MutexLock lock(state.mutex);
    is_full = state.waiting.size() >= kMostWaiting ||
              state.bytes + event.members.size() > kMostBytes || state.stopping;
    if (!is_full) {
      if (state.waiting.empty()) state.first_waits_since = steady_now();
      state.bytes += event.members.size();
      state.waiting.push_back({event, last_number_});
      ++state.counts->webhook_waiting;
    }
  }
  if (is_full) {
    ++state.counts->webhook_dropped;
    if (!std::exchange(drops_, true)) {
      log_warning("webhooks: the queue for " + state.url.authority() +
                  " is full: events are dropped until it takes some");
    }
    return;
  }
  drops_ = false;
  state.changed.notify_all();
}

void WebhookSender::use_secrets(std::vector<std::string> secrets) {
  const MutexLock lock(state_->mutex);
  state_->secrets = std::move(secrets);
}

bool WebhookSender::send(State& state, const std::vector<Entry>& batch, std::uint64_t number) {
  std::string body = "{\"id\":\"" + state.node + "-b" + std::to_string(number) + "\",\"node\":\"" +
                     state.node + "\",\"events\":[";
  for (const Entry& entry : batch) {
    if (body.back() != '[') body.push_back(',');
    body.append("{\"id\":\"").append(state.node).append("-").append(std::to_string(entry.number));
    body.append("\",\"event\":\"").append(to_text(entry.event.kind)).append("\",");
    body.append(entry.event.members).append(",\"ts\":").append(std::to_string(entry.event.at));
    body.append("}");
  }
  body.append("]}");
  std::vector<std::string> secrets;
  {
    const MutexLock lock(state.mutex);
    secrets = state.secrets;
  }
  const std::int64_t seconds =
      std::chrono::floor<std::chrono::seconds>(wall_now()).time_since_epoch().count();
  HttpHeaders headers{{"Content-Type", "application/json"},
                      {"Peer-Signature", webhook_signature(secrets, seconds, body)}};
  const auto status = state.http.post(state.url, headers, body, kRequestTime);
  if (status && *status >= 200 && *status < 300) return true;
  ++state.counts->webhook_failed;
  const std::string why =
      status ? "it answers " + std::to_string(*status) + ", expected 2xx" : status.error().message;
  log_warning("webhooks: " + std::to_string(batch.size()) + " events for " + state.url.authority() +
              " were not taken and are sent again: " + why);
  return false;
}

// Waits for events, then for more of them, a second at most. False: there are none, and there will
// be none.
bool WebhookSender::take_batch(State& state, std::vector<Entry>& batch) {
  const MutexLock lock(state.mutex);
  while (state.waiting.empty() && !state.stopping) state.changed.wait(state.mutex);
  const Time ends = state.first_waits_since + kBatchTime;
  while (state.waiting.size() < kMostAtOnce && !state.stopping && steady_now() < ends) {
    state.changed.wait_until(state.mutex, ends);
  }
  while (!state.waiting.empty() && batch.size() < kMostAtOnce) {
    state.bytes -= state.waiting.front().event.members.size();
    batch.push_back(std::move(state.waiting.front()));
    state.waiting.pop_front();
  }
  state.first_waits_since = steady_now();
  return !batch.empty();
}

// False: the server ends meanwhile.
bool WebhookSender::pause(State& state, milliseconds time) {
  const MutexLock lock(state.mutex);
  const Time ends = steady_now() + time;
  while (!state.stopping && steady_now() < ends) state.changed.wait_until(state.mutex, ends);
  return !state.stopping;
}

void WebhookSender::end(State& state, std::size_t lost) {
  const MutexLock lock(state.mutex);
  lost += state.waiting.size();
  state.counts->webhook_dropped += lost;
  state.counts->webhook_waiting -= lost;
  if (lost > 0) {
    log_warning("webhooks: " + std::to_string(lost) + " events for " + state.url.authority() +
                " are lost with the end of the server");
  }
  state.ended = true;
  state.changed.notify_all();
}

void WebhookSender::run(State& state) {
  std::vector<Entry> batch;
  for (std::uint64_t number = 1; take_batch(state, batch); ++number) {
    for (unsigned failures = 1; !send(state, batch, number); ++failures) {
      if (!pause(state, webhook_pause(failures, random_share()))) return end(state, batch.size());
    }
    state.counts->webhook_delivered += batch.size();
    state.counts->webhook_waiting -= batch.size();
    batch.clear();
  }
  end(state, 0);
}

void WebhookSender::hurry() {
  const MutexLock lock(state_->mutex);
  state_->stopping = true;
  state_->changed.notify_all();
}

bool WebhookSender::await_end(State& state, milliseconds time) {
  const MutexLock lock(state.mutex);
  const Time ends = steady_now() + time;
  while (!state.ended && steady_now() < ends) state.changed.wait_until(state.mutex, ends);
  return state.ended;
}

void WebhookSender::stop(milliseconds grace) {
  if (!thread_.joinable()) return;
  constexpr milliseconds kLongestStep{200};
  hurry();
  if (!await_end(*state_, grace)) state_->http.cancel();
  // A name server may hold it longer. Then it ends with the process.
  if (await_end(*state_, kLongestStep)) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

}  // namespace peer
