#pragma once

#include <string>
#include <vector>

#include "tests/support/json.h"

/// The wire contract as docs/protocol.schema.json has it, for tests of what goes over the wire.
/// Threading: any thread.
namespace peer::test {

/// The side that sends a message.
enum class Sender { kServer, kClient, kClientOfManagedRooms };

/// Says what is wrong with a message; empty when it is as its type's schema demands. A type that
/// has no schema is wrong, too.
std::string fault_of(Sender sender, const Json& message);

/// The types that this side may send, by the schema.
std::vector<std::string> message_types(Sender sender);

/// The examples that the schema gives of a type; at least one each.
std::vector<Json> examples(Sender sender, const std::string& type);

}  // namespace peer::test
