#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

/// What can be seen of this process from outside of a plugin, and how long one may take.
namespace peer::sdk::contract {

/// Threads of this process.
[[nodiscard]] std::size_t thread_count();
/// Sockets that this process has open.
[[nodiscard]] std::size_t socket_count();

/// Looks again and again, for up to `within`, whether it is so.
[[nodiscard]] bool becomes(const std::function<bool()>& condition,
                           std::chrono::milliseconds within = std::chrono::seconds(2));

/// How long a call takes at best: of five calls the shortest, since the machine may be busy.
/// `prepare`: before each, and not counted.
[[nodiscard]] std::chrono::milliseconds shortest_of_five(
    const std::function<void()>& call, const std::function<void()>& prepare = [] {});

/// A call that takes longer is logged by the server, since thousands of peers wait for it. Ten
/// times that under a sanitizer.
[[nodiscard]] std::chrono::milliseconds longest_call();

}  // namespace peer::sdk::contract
