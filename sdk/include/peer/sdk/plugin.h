#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include <peer/sdk/plugin_config.h>
#include <peer/sdk/result.h>

/// How a shared object says what it is.
///
/// A plugin is one shared object that exports one symbol, `peer_plugin_descriptor`. The server
/// reads that plain C struct and refuses the file before it calls anything in it when size, kind,
/// interface version or ABI differ from its own. Use PEER_PLUGIN at the end of the plugin's main
/// source file; nothing else needs to be visible.

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
  const char* kind;           ///< "broker", "match_strategy", "room_policy" or "auth"
  const char* abi;            ///< PEER_SDK_ABI_TAG of the SDK it was built with
  const char* name;           ///< what YAML calls it: lower case, digits, '_'
  const char* version;        ///< the plugin's own version, shown in /stats
  /// Makes the plugin's object: a pointer to the kind's interface, owned by the server from then
  /// on, or null with a message in `error`. Does not throw.
  void* (*create)(peer::sdk::PluginConfig* config, std::string* error);
};
}

namespace peer::sdk::detail {

template <typename Interface, typename Factory>
void* create_plugin(Factory factory, PluginConfig* config, std::string* error) {
  try {
    Result<std::unique_ptr<Interface>> made = factory(*config);
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
/// PluginConfig& and returns Result<std::unique_ptr<interface>>; it runs on the main thread before
/// the server listens, and for `--check-config` and `--list-plugins`, so it connects nothing. It
/// reads every option it knows: one that is left unread is reported as unknown.
#define PEER_PLUGIN(interface, plugin_name, plugin_version, factory)                \
  extern "C" __attribute__((visibility("default")))                                 \
  const PeerPluginDescriptor peer_plugin_descriptor;                                \
  const PeerPluginDescriptor peer_plugin_descriptor = {                             \
      sizeof(PeerPluginDescriptor),                                                 \
      interface::kApiVersion,                                                       \
      interface::kKind,                                                             \
      PEER_SDK_ABI_TAG,                                                             \
      plugin_name,                                                                  \
      plugin_version,                                                               \
      [](peer::sdk::PluginConfig* config, std::string* error) -> void* {            \
        return peer::sdk::detail::create_plugin<interface>(factory, config, error); \
      }};
