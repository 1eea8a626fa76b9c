#pragma once

#include <string>
#include <string_view>

#include <peer/sdk/dialect.h>

#include "core/net/websocket/frame.h"

/// What the core says to a client, as the plugin of a dialect hears it. Pure; any thread.
namespace peer {

/// Room for what is escaped in a message.
struct DecodedNames {
  std::string type;
  std::string ns;
};
/// `frame`: sound JSON, such as the server sends. What is returned has views of both.
[[nodiscard]] sdk::DialectMessage message_of(const FrameRef& frame, DecodedNames& names);

/// The words of an `error`.
[[nodiscard]] std::string words_of(const sdk::DialectMessage& error);

/// Why a client is turned away that is told this. `joins`: it is a peer already, and on its way
/// into the namespace of its realm.
[[nodiscard]] sdk::DialectRefusal::Reason reason_of(int code, std::string_view words, bool joins);

}  // namespace peer
