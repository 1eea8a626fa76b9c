#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <peer/sdk/host.h>
#include <peer/sdk/plugin_config.h>
#include <peer/sdk/result.h>

/// How a shared object says what it is.
///
/// A plugin is one shared object that exports one symbol, `peer_plugin_descriptor`. The server
/// reads that plain C struct and refuses the file before it calls anything in it when kind,
/// interface version or ABI differ from its own, or when it was built with a newer SDK. Use
/// PEER_PLUGIN at the end of the plugin's main source file; nothing else needs to be visible.

/// How often something was added to this SDK without a change of what was there: a function at the
/// end of an interface, a member at the end of a struct that the core passes by reference or of the
/// descriptor, an alternative of a variant. A server loads what was built with this revision or an
/// older one, and does not call in a plugin what its revision did not know. kApiVersion of an
/// interface rises only when what was there changes.
///
/// 0: the first. 1: PluginHost; Auth::may_pass(), AuthPass and AuthRequest::fields(); maps among
/// the options. 2: AuthHost with Auth::start(), tokens that are refreshed, Auth::identity_prefix(),
/// Auth::renews() with AuthRequest::granted, AuthRequest::peer; PluginHost::takes_any_origin();
/// AuthGrant::lists_namespaces and proved; RoomRequest::actor_proved; Broker::register_proved() and
/// revoke(), RegisterOutcome::proof_required, BrokerHost::revoked();
/// MatchQueue::check(), teams_of(), forecast(), MatchStrategy::make_queue_of(), group_size();
/// Broker::tell_ticket() and claim_teams(), BrokerHost::ticket_told() and matched_teams();
/// PluginHost::option_names(). 3: RoomPolicy::traits(), check(), decide_and_order(), describe();
/// RoomCommit::closes, RoomNews::closed. 4: RoomTraits::takes_passwords, RoomOrders::password and
/// compare_with, RoomRequest::has_password and what follows it. 5: sessions that move between
/// nodes: Broker::set_session_tokens(), ask_session(), tell_node(), take_peer(), leave_told(),
/// BrokerHost::node_says(), peer_taken(), member_left_told(). 6: Broker::nodes(); lists of rooms,
/// and rooms that wait for their members: RoomTraits::lists_rooms and keeps_empty_rooms,
/// RoomDescription::listed and keep_empty, RoomPolicy::list(), RoomCommit::listed, keep_empty and
/// most_empty, Broker::list_rooms(); JoinRequest::quiet; sessions of nodes that stop:
/// Broker::await_sent(), ask_any_node(), park_peer(), keep_parked(), next_parked(),
/// BrokerHost::peers_parked(). 7: Dialect; Broker::register_owned(); news of members for those of
/// other nodes who watch them: Broker::watch(), list_away(), set_away(), tell_update(),
/// BrokerHost::member_away(), member_updated(), update_watched(), JoinRequest::watches,
/// PeerTake::watches, MemberEntry::away; BrokerHost::member_moved(); MatchStrategy::traits();
/// MatchQueue::add_groups(); BrokerStatus::parts_away.
#define PEER_SDK_REVISION 7

/// What really has to agree between server and plugin: the C++ ABI, the standard library and the
/// major version of this SDK; not the compiler. GCC and clang plugins on libstdc++ mix freely.
#if defined(__GLIBCXX__) || __has_include(<bits/c++config.h>)
#if !defined(_GLIBCXX_USE_CXX11_ABI) || _GLIBCXX_USE_CXX11_ABI
#if defined(_GLIBCXX_DEBUG)  // its containers have another layout
#define PEER_SDK_ABI_TAG "itanium-libstdc++-cxx11-debug-sdk1"
#else
#define PEER_SDK_ABI_TAG "itanium-libstdc++-cxx11-sdk1"
#endif
#else
#define PEER_SDK_ABI_TAG "itanium-libstdc++-cow-sdk1"
#endif
#else
#define PEER_SDK_ABI_TAG "itanium-libc++-sdk1"
#endif

extern "C" {

/// The exported descriptor. All strings are static, NUL-terminated and never null.
struct PeerPluginDescriptor {
  std::uint32_t size;         ///< sizeof(PeerPluginDescriptor): must be the first field
  std::uint32_t api_version;  ///< kApiVersion of the interface in the header of its kind
  const char* kind;           ///< "broker", "match_strategy", "room_policy", "auth" or "dialect"
  const char* abi;            ///< PEER_SDK_ABI_TAG of the SDK it was built with
  const char* name;           ///< what YAML calls it: lower case, digits, '_'
  const char* version;        ///< the plugin's own version, shown in /stats
  /// Of a plugin of revision 0, as create_hosted; null from revision 1 on.
  void* (*create)(peer::sdk::PluginConfig* config, std::string* error);

  // From revision 1 on: `size` says whether it is there.

  std::uint32_t revision;  ///< PEER_SDK_REVISION of the SDK that it was built with
  /// Makes the plugin's object: a pointer to the kind's interface, owned by the server from then
  /// on, or null with a message in `error`. Does not throw.
  void* (*create_hosted)(peer::sdk::PluginConfig* config, peer::sdk::PluginHost* host,
                         std::string* error);
};
}

namespace peer::sdk::detail {

template <typename Interface, typename Factory>
void* create_plugin(Factory factory, PluginConfig* config, PluginHost* host, std::string* error) {
  try {
    Result<std::unique_ptr<Interface>> made = [&] {
      if constexpr (std::is_invocable_v<Factory, PluginConfig&, PluginHost&>) {
        return factory(*config, *host);
      } else {
        return factory(*config);
      }
    }();
    if (made) return std::move(made).value().release();
    *error = made.error().message;
  } catch (const std::exception& failure) {
    *error = failure.what();
  } catch (...) {
    *error = "its factory threw";
  }
  return nullptr;
}

}  // namespace peer::sdk::detail

/// Exports the descriptor of this shared object.
///
///   PEER_PLUGIN(peer::sdk::MatchStrategy, "fifo", "1.0.0", make_fifo)
///
/// `interface`: one of the interfaces of this SDK. `factory`: a callable that takes a
/// PluginConfig&, and a PluginHost& after it if it wants one, and returns
/// Result<std::unique_ptr<interface>>; it runs on the main thread before the server listens, and
/// for `--check-config` and `--list-plugins`, so it connects nothing (PluginHost::on_start is for
/// that). It reads every option it knows: one that is left unread is reported as unknown.
#define PEER_PLUGIN(interface, plugin_name, plugin_version, factory)                      \
  extern "C" __attribute__((visibility("default")))                                       \
  const PeerPluginDescriptor peer_plugin_descriptor;                                      \
  const PeerPluginDescriptor peer_plugin_descriptor = {                                   \
      sizeof(PeerPluginDescriptor),                                                       \
      interface::kApiVersion,                                                             \
      interface::kKind,                                                                   \
      PEER_SDK_ABI_TAG,                                                                   \
      plugin_name,                                                                        \
      plugin_version,                                                                     \
      nullptr,                                                                            \
      PEER_SDK_REVISION,                                                                  \
      [](peer::sdk::PluginConfig* config, peer::sdk::PluginHost* host,                    \
         std::string* error) -> void* {                                                   \
        return peer::sdk::detail::create_plugin<interface>(factory, config, host, error); \
      }};
