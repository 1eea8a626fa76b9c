#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>

/// What the epoll events of a loop say they are about. A connection's data are its generation and
/// its slot; these values are no connection's.
namespace peer {

/// On how many sockets one loop can listen.
inline constexpr std::size_t kMostListeners = 16;
inline constexpr std::uint64_t kWakeEvent = ~std::uint64_t{0};
/// Plus the listener's number.
inline constexpr std::uint64_t kListenEvent = kWakeEvent - kMostListeners;

/// Adds a descriptor to those that epoll watches, level-triggered unless `events` says otherwise;
/// `data` comes back with its events. False, with errno, when epoll does not take it.
inline bool watch(int epoll_fd, int fd, std::uint32_t events, std::uint64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  return ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace peer
