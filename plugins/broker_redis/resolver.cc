#include "resolver.h"

#include <netdb.h>

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

void Resolver::resolve(const std::string& host, const std::string& port, Found found) {
  auto addresses = look_up(host, port, AI_NUMERICHOST | AI_NUMERICSERV);
  if (!addresses.empty()) return found(std::move(addresses));
  found_ = std::move(found);
  if (looking_up_) return;
  looking_up_ = true;
  try {
    std::thread([loop = loop_.ref(), host, port, this] {
      loop->post([this, result = look_up(host, port, AI_NUMERICSERV)]() mutable {
        answer(std::move(result));
      });
    }).detach();
  } catch (const std::system_error&) {  // no thread: the link tries again
    answer({});
  }
}

void Resolver::answer(std::vector<Address> addresses) {
  looking_up_ = false;
  const Found found = std::exchange(found_, {});
  if (found) found(std::move(addresses));
}

}  // namespace peer_redis
