#include "key_loader.h"

#include <algorithm>
#include <system_error>
#include <utility>

// Comes in: the options' keys, files, and what a URL answers. Goes out: one immutable value,
// `Keys`, which the event loops take a share of for each token. One thread, run(), does all that
// blocks.
namespace peer_jwt {
namespace {

using peer::sdk::Error;
using peer::sdk::LogLevel;
using peer::sdk::Result;
using peer_keys::VerifyKey;
using Clock = std::chrono::steady_clock;

// A look is one stat() for each file.
constexpr std::chrono::seconds kBetweenLooks{1};
constexpr std::size_t kMaxWaiting = 1000;

/// As editors write it: without the end of the line.
std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

Result<KeySet> single(const std::string& kid, Result<VerifyKey> key) {
  if (!key) return key.error();
  NamedKey named;
  named.kid = kid;
  named.uses.push_back(std::move(key).value());
  KeySet set;
  set.add(std::move(named));
  return set;
}

Result<KeySet> read_secret(const KeyOption& option, std::string_view text) {
  return single(option.kid, VerifyKey::from_secret(option.algorithm, without_line_end(text)));
}

Result<KeySet> read_public_key(const KeyOption& option, std::string_view text) {
  auto key = peer_keys::read_pem(text);
  if (!key) return key.error();
  return single(option.kid, VerifyKey::from_public_key(option.algorithm, std::move(key).value()));
}

}  // namespace

KeyLoader::KeyLoader(const Options& options, peer::sdk::PluginHost& host)
    : options_(options), host_(host) {
  for (const KeyOption& option : options_.keys) add_key(option);
  if (!options_.jwks_file.empty()) {
    files_.push_back(
        {"jwks_file: " + options_.jwks_file, WatchedFile(options_.jwks_file),
         [this](std::string_view text) { return read_jwks_text(text, Secrets::kAllowed); },
         nullptr});
  }
  if (!options_.jwks_url) return;
  fetcher_ = std::make_unique<JwksFetch>(JwksFetch::Settings{
      *options_.jwks_url, options_.allow_http, options_.jwks_timeout, kMaxJwksSize});
  schedule_.emplace(options_.jwks_refresh);
}

void KeyLoader::add_key(const KeyOption& option) {
  if (!option.secret.empty()) {
    auto keys = read_secret(option, option.secret);
    if (!keys) return faults_.push_back(option.where + ".secret: " + keys.error().message);
    fixed_.push_back(std::make_shared<KeySet>(std::move(keys).value()));
  } else if (!option.secret_file.empty()) {
    files_.push_back({option.where + ".secret_file", WatchedFile(option.secret_file),
                      [option](std::string_view text) { return read_secret(option, text); },
                      nullptr});
  } else if (!option.public_key_file.empty()) {
    files_.push_back({option.where + ".public_key_file: " + option.public_key_file,
                      WatchedFile(option.public_key_file),
                      [option](std::string_view text) { return read_public_key(option, text); },
                      nullptr});
  }
}

Result<KeySet> KeyLoader::read_jwks_text(std::string_view text, Secrets secrets) {
  auto jwks = read_jwks(text, options_.jwks_algorithms, secrets);
  if (!jwks) return jwks.error();
  for (const std::string& skipped : jwks->skipped) {
    host_.log_warning("a key of the JWKS is left out: " + skipped);
  }
  if (jwks->keys.size() == 0) return Error{"holds no key that is of use"};
  return std::move(jwks->keys);
}

Result<void> KeyLoader::load(FilePart& part) {
  const auto text = part.file.read();
  if (!text) return Error{part.name + ": " + text.error().message};
  auto keys = part.read(*text);
  if (!keys) return Error{part.name + ": " + keys.error().message};
  part.keys = std::make_shared<KeySet>(std::move(keys).value());
  return {};
}

Result<void> KeyLoader::load_files() {
  if (!faults_.empty()) return Error{faults_.front()};
  for (FilePart& part : files_) {
    if (auto loaded = load(part); !loaded) return loaded;
  }
  publish();
  return {};
}

Result<void> KeyLoader::start() {
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& failure) {
    return Error{std::string("cannot start its thread: ") + failure.what()};
  }
  return {};
}

void KeyLoader::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (fetcher_) fetcher_->cancel();
  if (thread_.joinable()) thread_.join();
}

void KeyLoader::look_at_files() {
  {
    const std::lock_guard lock(mutex_);
    look_now_ = true;
  }
  wake_.notify_all();
}

std::shared_ptr<const Keys> KeyLoader::current() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

bool KeyLoader::await_fetch(std::function<void()> then) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || !schedule_ || waiting_.size() >= kMaxWaiting) return false;
    const auto now = Clock::now();
    // A fetch that is under way counts: it may bring the key. Otherwise a new one is begun, if the
    // latest is older than FetchSchedule::kBetweenUnknown.
    const bool comes = fetching_ || schedule_->due() <= now || schedule_->want(now);
    if (!comes) return false;
    waiting_.push_back(std::move(then));
  }
  wake_.notify_all();
  return true;
}

void KeyLoader::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const bool due = schedule_ && schedule_->due() <= Clock::now();
    fetching_ = due;
    look_now_ = false;
    lock.unlock();
    reread_changed_files();
    if (due) fetch();
    lock.lock();
    auto next = Clock::now() + kBetweenLooks;
    if (schedule_) next = files_.empty() ? schedule_->due() : std::min(next, schedule_->due());
    if (!schedule_ && files_.empty()) next = Clock::time_point::max();
    const auto is_due = [this] {
      return stopping_ || look_now_ || (schedule_ && schedule_->due() <= Clock::now());
    };
    if (next == Clock::time_point::max()) {
      wake_.wait(lock, is_due);
    } else {
      wake_.wait_until(lock, next, is_due);
    }
  }
  // Nobody who waits is left without an answer: it is judged by the keys that there are.
  const auto waiting = std::move(waiting_);
  lock.unlock();
  for (const auto& then : waiting) then();
}

void KeyLoader::reread_changed_files() {
  std::vector<std::string> read;
  for (FilePart& part : files_) {
    if (!part.file.has_changed()) continue;
    if (const auto loaded = load(part); !loaded) {
      host_.log_warning("keeps its keys, since the new ones are of no use: " +
                        loaded.error().message);
      continue;
    }
    read.push_back(part.name);
  }
  if (read.empty()) return;
  publish();
  for (const std::string& name : read) host_.log_info("has read its keys again: " + name);
}

void KeyLoader::fetch() {
  auto text = fetcher_->fetch();
  auto keys = text ? read_jwks_text(*text, Secrets::kRefused) : Result<KeySet>(text.error());
  const bool are_good = static_cast<bool>(keys);
  if (are_good) {
    fetched_ = std::make_shared<KeySet>(std::move(keys).value());
    publish();
  } else if (!is_stopping()) {
    host_.log_warning("cannot fetch keys from its jwks_url: " + keys.error().message);
  }
  std::vector<std::function<void()>> waiting;
  {
    const std::lock_guard lock(mutex_);
    fetching_ = false;
    are_good ? schedule_->note_success(Clock::now()) : schedule_->note_failure(Clock::now());
    // Called without the lock below: each of them asks for the keys.
    waiting.swap(waiting_);
  }
  for (const auto& then : waiting) then();
}

void KeyLoader::publish() {
  // A new value for each change. Loops that still use the old one keep it alive.
  auto keys = std::make_shared<Keys>();
  keys->owners = fixed_;
  for (const FilePart& part : files_) {
    if (part.keys) keys->owners.push_back(part.keys);
  }
  if (fetched_) keys->owners.push_back(fetched_);
  for (const auto& owner : keys->owners) keys->sets.push_back(owner.get());
  const std::lock_guard lock(mutex_);
  keys_ = std::move(keys);
}

bool KeyLoader::is_stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

}  // namespace peer_jwt
