#include "core/limit/refusals.h"

#include "core/base/log.h"

namespace peer {

std::string_view to_text(Refusal reason) {
  switch (reason) {
    case Refusal::kNone:
      return "none";
    case Refusal::kMaxConnectionsPerIp:
      return "max_connections_per_ip";
    case Refusal::kConnectionRatePerIp:
      return "connection_rate_per_ip";
    case Refusal::kMaxUnregisteredPerIp:
      return "max_unregistered_per_ip";
    case Refusal::kMaxUnregistered:
      return "max_unregistered";
    case Refusal::kDescriptors:
      return "descriptors";
    case Refusal::kProxyProtocol:
      return "proxy_protocol";
    case Refusal::kRequest:
      return "request";
    case Refusal::kUpgrade:
      return "upgrade";
    case Refusal::kAllowedOrigins:
      return "allowed_origins";
    case Refusal::kFirstMessage:
      return "first_message";
    case Refusal::kRegistrationTimeout:
      return "registration_timeout";
    case Refusal::kMaxPeers:
      return "max_peers";
    case Refusal::kAuth:
      return "auth";
    case Refusal::kReplacedTooOften:
      return "replaced_too_often";
    case Refusal::kBan:
      return "ban";
  }
  return "unknown";
}

void Refusals::note_quietly(Refusal reason, const Address& address, const std::string& why) {
  counts_[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
  if (!log_debug_enabled()) return;
  log_debug("refused (" + std::string(to_text(reason)) + "): " + why,
            {{"address", address.text()}});
}

void Refusals::note(Refusal reason, const Address& address, const std::string& why, Time now) {
  note_quietly(reason, address, why);
  // While log_addresses is off, all clients that are refused for one reason are one line.
  const std::string line =
      "refused " + (log_addresses_wanted() ? address.text() : std::string("a client")) + ": " + why;
  if (has_room(reason, line, now)) return log_counted_warning(line);
  log_counted_warning("refused more clients (" + std::string(to_text(reason)) +
                      "): log_level debug names each of them");
}

// Whether the line is one of the first kSubjects of its reason in this window, or can become one.
bool Refusals::has_room(Refusal reason, const std::string& line, Time now) {
  const MutexLock lock(mutex_);
  Window& window = windows_[static_cast<std::size_t>(reason)];
  if (window.end <= now) {
    window.end = now + kWindow;
    window.lines.clear();
  }
  if (window.lines.size() < kSubjects) window.lines.insert(line);
  return window.lines.contains(line);
}

}  // namespace peer
