#pragma once

#include <poll.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <peer/sdk/plugin.h>

/// What faulty plugins have in common. The variable PEER_FAULT says what is wrong with them;
/// without it nothing is, and they keep their contract.
namespace faulty {

inline bool is(std::string_view fault) {
  const char* wanted = std::getenv("PEER_FAULT");
  return wanted != nullptr && fault == wanted;
}

/// Longer than a call may take: ten times that under a sanitizer.
inline void take_too_long() { ::poll(nullptr, 0, PEER_TOO_LONG_MS); }

/// A thread that nobody ends.
inline void leave_a_thread() {
  std::thread([] { ::poll(nullptr, 0, -1); }).detach();
}

/// Of the calling thread: what no two threads have in common.
inline std::string thread_name() {
  static thread_local const char own = 0;
  return std::to_string(reinterpret_cast<std::uintptr_t>(&own));
}

/// What the plugin was made with.
inline peer::sdk::PluginHost* its_host = nullptr;

/// A factory of `Plugin` with the faults of PluginContract.
template <typename Interface, typename Plugin>
peer::sdk::Result<std::unique_ptr<Interface>> make(peer::sdk::PluginConfig& config,
                                                   peer::sdk::PluginHost& host) {
  its_host = &host;
  static_cast<void>(config.integer("size", is("bad_default") ? 0 : 4, 1, 1000));
  const bool has_name = !config.keys().empty();
  if (!is("reads_half")) static_cast<void>(config.string("name", ""));
  if (is("gives_no_reason") && !has_name) return std::unique_ptr<Interface>();
  if (is("starts_early")) host.post([] {});
  if (is("leaves_a_thread")) leave_a_thread();
  return std::unique_ptr<Interface>(std::make_unique<Plugin>());
}

}  // namespace faulty
