#include "asker.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <new>
#include <system_error>
#include <utility>

// Comes in: questions, from any event loop. Goes out: their answers, from the asker's thread. One
// multi handle of libcurl has all connections, and waits for all of them at once; so a question
// that is never answered costs a place among `max_concurrent` for its time, and no thread. What
// waits for a place stands in one queue: all have the same timeout, so the first of it is the first
// whose time is over.
namespace peer_http_auth {
namespace {

using peer::sdk::Error;
using peer::sdk::Result;
using std::chrono::milliseconds;

// With nothing to wait for, the thread looks around so often all the same.
constexpr milliseconds kLongestSleep{60'000};
constexpr milliseconds kBetweenLooks{100};

Answer nobody(const char* why) { return {Answer::Kind::kNone, why}; }
Answer dropped() { return {Answer::Kind::kDropped, {}}; }

}  // namespace

Asker::Asker(Settings settings, peer::sdk::PluginHost& host)
    : settings_(std::move(settings)),
      host_(host),
      questions_(host.counter("questions", "Questions that were sent to the url.")),
      failures_(host.counter("failures", "Questions without an answer that is of use.")),
      connections_(host.counter("connections", "Connections that were opened to the url.")),
      gone_(host.counter("gone", "Questions that were dropped, since the peer had gone.")) {}

Result<void> Asker::start() {
  // Safe beside other threads from libcurl 7.84 on; those that use it beside us do the same.
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return Error{"cannot set libcurl up"};
  wake_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd_ < 0) return Error{"no descriptor is left for it"};
  try {
    make_multi();
    thread_ = std::thread([this] { run(); });
  } catch (const std::exception& failure) {
    return Error{std::string("cannot start its thread: ") + failure.what()};
  }
  return {};
}

void Asker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  if (thread_.joinable()) thread_.join();
  if (wake_fd_ >= 0) ::close(std::exchange(wake_fd_, -1));
}

void Asker::wake() const {
  const std::uint64_t one = 1;
  if (wake_fd_ >= 0) [[maybe_unused]]
    const ssize_t written = ::write(wake_fd_, &one, sizeof one);
}

bool Asker::ask(Question question) {
  const auto now = Clock::now();
  std::vector<Question> gone;
  bool taken = false;
  {
    const std::lock_guard lock(mutex_);
    const std::size_t bytes = question.body.size();
    const auto is_full = [&] {
      return waiting_.size() >= settings_.max_waiting ||
             waiting_bytes_ + bytes > settings_.max_waiting_bytes;
    };
    if (is_full()) gone = take_gone(now);
    taken = !stopping_ && !is_full();
    if (taken) {
      waiting_bytes_ += bytes;
      waiting_.push_back({std::move(question), now + settings_.timeout});
    }
  }
  for (const Question& one : gone) one.then(dropped());
  if (taken) wake();
  return taken;
}

std::vector<Asker::Question> Asker::take_gone(Clock::time_point now) {
  std::vector<Question> gone;
  if (now - last_look_ < kBetweenLooks) return gone;
  last_look_ = now;
  std::deque<Waiting> staying;
  for (Waiting& waiting : waiting_) {
    if (waiting.question.peer.expired()) {
      waiting_bytes_ -= waiting.question.body.size();
      gone.push_back(std::move(waiting.question));
    } else {
      staying.push_back(std::move(waiting));
    }
  }
  waiting_ = std::move(staying);
  gone_.add(gone.size());
  return gone;
}

void Asker::run() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
    }
    try {
      turn();
    } catch (const std::exception& failure) {
      // Only the lack of memory ends here. Nobody is left without an answer, and it goes on.
      host_.log_error(std::string("cannot ask its url: ") + failure.what());
      drop_all();
    }
  }
  drop_all();
  multi_.reset();
}

void Asker::turn() {
  begin_next();
  int running = 0;
  curl_multi_perform(multi_.get(), &running);
  finish_ended();
  await();
}

void Asker::begin_next() {
  const auto now = Clock::now();
  std::vector<Question> late;
  std::vector<Question> gone;
  std::vector<Waiting> next;
  {
    const std::lock_guard lock(mutex_);
    while (!waiting_.empty()) {
      Waiting& first = waiting_.front();
      const bool has_gone = first.question.peer.expired();
      const bool is_late = first.deadline <= now;
      const bool has_place = asking_.size() + next.size() < settings_.max_concurrent;
      if (!has_gone && !is_late && !has_place) break;
      waiting_bytes_ -= first.question.body.size();
      if (has_gone) {
        gone.push_back(std::move(first.question));
      } else if (is_late) {
        late.push_back(std::move(first.question));
      } else {
        next.push_back(std::move(first));
      }
      waiting_.pop_front();
    }
  }
  gone_.add(gone.size());
  failures_.add(late.size());
  for (const Question& one : gone) one.then(dropped());
  for (const Question& one : late) one.then(nobody("it takes too long"));
  for (Waiting& one : next) begin(std::move(one), now);
}

void Asker::begin(Waiting next, Clock::time_point now) {
  std::unique_ptr<Transfer> transfer;
  if (idle_transfers_.empty()) {
    transfer = std::make_unique<Transfer>(settings_.transfer);
  } else {
    transfer = std::move(idle_transfers_.back());
    idle_transfers_.pop_back();
  }
  transfer->prepare(std::move(next.question.body),
                    std::chrono::ceil<milliseconds>(next.deadline - now));
  if (curl_multi_add_handle(multi_.get(), transfer->handle()) != CURLM_OK) {
    failures_.add();
    return next.question.then(nobody("no memory is left for it"));
  }
  questions_.add();
  asking_.push_back({std::move(transfer), std::move(next.question)});
}

void Asker::finish_ended() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    // The message dies when its handle is taken out.
    if (message->msg == CURLMSG_DONE) finish(message->easy_handle, message->data.result);
  }
}

void Asker::finish(CURL* handle, CURLcode code) {
  const auto found = std::find_if(asking_.begin(), asking_.end(), [&](const Asking& asking) {
    return asking.transfer->handle() == handle;
  });
  if (found == asking_.end()) return;
  Asking ended = std::move(*found);
  *found = std::move(asking_.back());
  asking_.pop_back();
  curl_multi_remove_handle(multi_.get(), handle);
  connections_.add(static_cast<std::uint64_t>(std::max(0L, ended.transfer->connections())));
  keeps_connections_ = true;
  last_use_ = Clock::now();
  Answer answer = ended.transfer->answer(code);
  if (answer.kind != Answer::Kind::kBody) failures_.add();
  idle_transfers_.push_back(std::move(ended.transfer));
  ended.question.then(std::move(answer));
}

void Asker::await() {
  auto sleep = kLongestSleep;
  {
    const std::lock_guard lock(mutex_);
    const bool has_place = asking_.size() < settings_.max_concurrent;
    if (stopping_ || (!waiting_.empty() && has_place)) return;
    if (!waiting_.empty()) {
      sleep = std::chrono::ceil<milliseconds>(waiting_.front().deadline - Clock::now());
    }
  }
  if (asking_.empty() && keeps_connections_) {
    // libcurl ends idle connections only when it looks for one. So all go when nobody has asked for
    // so long; those few that stay idle while others are used, it ends itself.
    const auto rest = last_use_ + settings_.transfer.idle - Clock::now();
    if (rest <= Clock::duration::zero()) return make_multi();
    sleep = std::min(sleep, std::chrono::ceil<milliseconds>(rest));
  }
  curl_waitfd wake{wake_fd_, CURL_WAIT_POLLIN, 0};
  curl_multi_poll(multi_.get(), &wake, 1,
                  static_cast<int>(std::clamp(sleep, milliseconds(0), kLongestSleep).count()),
                  nullptr);
  std::uint64_t times = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake_fd_, &times, sizeof times);
}

// Nothing is being asked. What the old one has kept open ends with it.
void Asker::make_multi() {
  multi_.reset(curl_multi_init());
  if (multi_ == nullptr) throw std::bad_alloc();
  const auto most = static_cast<long>(settings_.max_concurrent);
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, most);
  curl_multi_setopt(multi_.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
  curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  keeps_connections_ = false;
}

void Asker::drop_all() {
  for (const Asking& asking : asking_) {
    curl_multi_remove_handle(multi_.get(), asking.transfer->handle());
    asking.question.then(dropped());
  }
  asking_.clear();
  idle_transfers_.clear();
  std::deque<Waiting> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(waiting_);
    waiting_bytes_ = 0;
  }
  for (const Waiting& one : waiting) one.question.then(dropped());
}

}  // namespace peer_http_auth
