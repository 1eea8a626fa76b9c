#include "core/room/passwords.h"

#include <functional>
#include <utility>

#include "core/base/log.h"
#include "core/base/thread.h"

// In: passwords with what is to be done with them, from loops. Out: their results, on the thread
// here. A password is in no log, and gone from memory with its job.
namespace peer {
namespace {

// Rooms whose tries are counted. They are looked through when there are so many; more at a time
// than this many rooms in one second are refused.
constexpr std::size_t kMostRooms = 4096;
constexpr milliseconds kTryWindow{1'000};

}  // namespace

Passwords::~Passwords() {
  std::thread ending;
  {
    const MutexLock lock(mutex_);
    closing_ = true;
    ending = std::move(thread_);
  }
  changed_.notify_all();
  if (ending.joinable()) ending.join();
}

void Passwords::use_queue(std::size_t queue) {
  const MutexLock lock(mutex_);
  queue_ = queue;
}

bool Passwords::admit(const Fingerprint& peer, std::string_view room, Time now) {
  const MutexLock lock(mutex_);
  if (!has_room(peer) || !start_its_thread() || !take_try(room, now)) {
    ++counts_.refused;
    return false;
  }
  ++admitted_;
  ++of_peer_[peer];
  return true;
}

bool Passwords::has_room(const Fingerprint& peer) const {
  if (closing_ || admitted_ >= queue_) return false;
  const auto of_peer = of_peer_.find(peer);
  return of_peer == of_peer_.end() || of_peer->second < kMostOfAPeer;
}

Passwords::Counts Passwords::counts() const {
  const MutexLock lock(mutex_);
  Counts counts = counts_;
  counts.waiting = admitted_;
  return counts;
}

bool Passwords::take_try(std::string_view room, Time now) {
  auto tries = tries_.find(room);
  if (tries == tries_.end()) {
    if (tries_.size() >= kMostRooms) {
      std::erase_if(tries_,
                    [&](const auto& each) { return now - each.second.since >= kTryWindow; });
    }
    if (tries_.size() >= kMostRooms) return false;
    tries = tries_.emplace(std::string(room), Tries{now}).first;
  }
  if (now - tries->second.since >= kTryWindow) tries->second = {now};
  if (tries->second.count >= kTriesPerSecond) return false;
  ++tries->second.count;
  return true;
}

bool Passwords::start_its_thread() {
  if (thread_.joinable()) return true;
  auto thread = start_thread("passwords of rooms", [this] { run(); });
  if (!thread) {
    log_error(thread.error().message);
    return false;
  }
  thread_ = std::move(*thread);
  return true;
}

void Passwords::add(const Fingerprint& peer, Job job) {
  {
    const MutexLock lock(mutex_);
    waiting_.push_back({peer, std::move(job)});
  }
  changed_.notify_one();
}

std::optional<Passwords::Waiting> Passwords::next() {
  const MutexLock lock(mutex_);
  while (waiting_.empty() && !closing_) changed_.wait(mutex_);
  if (closing_) return std::nullopt;
  std::optional<Waiting> first(std::move(waiting_.front()));
  waiting_.pop_front();
  return first;
}

void Passwords::run() {
  while (auto waiting = next()) {
    Job& job = waiting->job;
    PasswordResult result;
    try {
      if (job.compare_with.empty()) {
        result.hash = password_hash(job.password.text());
      } else {
        result.matches = password_matches(job.password.text(), job.compare_with);
      }
    } catch (const std::exception& failure) {  // no randomness, no memory
      log_error(std::string("passwords of rooms: ") + failure.what());
    }
    {
      const MutexLock lock(mutex_);
      --admitted_;
      const auto of_peer = of_peer_.find(waiting->peer);
      if (--of_peer->second == 0) of_peer_.erase(of_peer);
      if (result.hash) ++counts_.hashed;
      if (result.matches) ++(*result.matches ? counts_.matched : counts_.wrong);
      if (!result.hash && !result.matches) ++counts_.failed;
    }
    job.then(std::move(result));
  }
}

}  // namespace peer
