#pragma once

#include <chrono>
#include <optional>
#include <string>

/// Messages to systemd, or to another service manager that speaks sd_notify(3). Without one
/// ($NOTIFY_SOCKET is not set) nothing happens. Main thread.
namespace peer {

/// One datagram: "READY=1", "STOPPING=1", several assignments with newlines between them. A message
/// that cannot be sent is lost: a manager that does not listen is no reason to stop serving.
void notify_service_manager(const std::string& state);

/// "RELOADING=1" with the clock that systemd 253 and later want to see (Type=notify-reload).
void notify_reloading();

/// How often the manager wants to see "WATCHDOG=1" at least ($WATCHDOG_USEC, if it means this
/// process).
[[nodiscard]] std::optional<std::chrono::milliseconds> watchdog_interval();

}  // namespace peer
