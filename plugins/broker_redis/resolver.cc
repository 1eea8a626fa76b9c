#include "resolver.h"

#include <netdb.h>
#include <sys/un.h>

#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

namespace peer_redis {
namespace {

std::vector<Address> look_up(const std::string& host, const std::string& port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  std::vector<Address> found;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &list) != 0) return found;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    Address address;
    address.size = entry->ai_addrlen;
    std::memcpy(&address.bytes, entry->ai_addr, entry->ai_addrlen);
    found.push_back(address);
  }
  freeaddrinfo(list);
  return found;
}

}  // namespace

Address unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  Address result;
  result.size = sizeof address;
  std::memcpy(&result.bytes, &address, sizeof address);
  return result;
}

void Lookups::ask(const Name& name, Found found) {
  std::vector<Found>& waiting = waiting_[name];
  waiting.push_back(std::move(found));
  if (waiting.size() > 1) return;
  try {
    std::thread([loop = loop_.ref(), name, this] {
      loop->post([this, name, result = look_up(name.first, name.second, AI_NUMERICSERV)] {
        answer(name, result);
      });
    }).detach();
  } catch (const std::system_error&) {  // no thread: the link tries again
    answer(name, {});
  }
}

void Lookups::answer(const Name& name, const std::vector<Address>& addresses) {
  // They may ask again.
  const auto waiting = waiting_.extract(name);
  for (const Found& found : waiting.mapped()) found(addresses);
}

void Resolver::resolve(const std::string& host, const std::string& port, Found found) {
  found_ = {};
  auto addresses = look_up(host, port, AI_NUMERICHOST | AI_NUMERICSERV);
  if (!addresses.empty()) return found(std::move(addresses));
  wanted_ = {host, port};
  found_ = std::move(found);
  if (!looking_up_) begin();
}

void Resolver::begin() {
  looking_up_ = true;
  lookups_->ask(wanted_, [this, name = wanted_](std::vector<Address> found) {
    answer(name, std::move(found));
  });
}

void Resolver::answer(const Name& name, std::vector<Address> addresses) {
  looking_up_ = false;
  if (found_ && name != wanted_) return begin();
  if (const Found found = std::exchange(found_, {})) found(std::move(addresses));
}

}  // namespace peer_redis
