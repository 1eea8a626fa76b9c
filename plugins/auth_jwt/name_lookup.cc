#include "name_lookup.h"

#include <netdb.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace peer_jwt {
namespace {

using peer::sdk::Error;

NameLookup::Addresses look_up(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int failure = getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
  if (failure != 0) return Error{"cannot look up its host: " + std::string(gai_strerror(failure))};
  std::vector<Address> found;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    Address& address = found.emplace_back();
    address.size = entry->ai_addrlen;
    std::memcpy(&address.bytes, entry->ai_addr, entry->ai_addrlen);
  }
  freeaddrinfo(list);
  return found;
}

}  // namespace

struct NameLookup::State {
  const std::string host;
  const std::string port;
  std::mutex mutex{};  // guards what follows
  std::condition_variable changed{};
  bool under_way = false;
  bool cancelled = false;
  std::optional<Addresses> found{};
};

NameLookup::NameLookup(std::string host, std::uint16_t port)
    : state_(new State{std::move(host), std::to_string(port)}) {}

NameLookup::Addresses NameLookup::find(Clock::time_point deadline) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  state.found.reset();
  if (!state.under_way) {
    try {
      std::thread([shared = state_] { run(*shared); }).detach();
    } catch (const std::system_error& failure) {
      return Error{std::string("no thread for looking up its host: ") + failure.what()};
    }
    state.under_way = true;
  }
  state.changed.wait_until(lock, deadline, [&] { return state.found || state.cancelled; });
  if (state.cancelled) return Error{"it was cancelled"};
  if (!state.found) return Error{"its host is not looked up in time"};
  return *state.found;
}

void NameLookup::run(State& state) {
  Addresses addresses = look_up(state.host, state.port);
  {
    const std::lock_guard lock(state.mutex);
    state.under_way = false;
    state.found = std::move(addresses);
  }
  state.changed.notify_all();
}

void NameLookup::cancel() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->cancelled = true;
  }
  state_->changed.notify_all();
}

}  // namespace peer_jwt
