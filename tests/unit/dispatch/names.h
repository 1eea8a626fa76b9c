#pragma once

#include <string>
#include <string_view>

#include <peer/sdk/types.h>

/// Short names for what differs from run to run, so that a test compares whole messages. A peer
/// whose public key is "alice" is <alice>; SharedStore's far peer 1 is <far-1>.
namespace peer::test {

/// A text of a test, with fingerprints for the names in it.
std::string with_fingerprints(std::string_view text);
/// A text of the server, with names for the fingerprints that tests have named, 0 for each `ts`,
/// and "S" and "T" for a session and a ticket.
std::string with_names(std::string_view text);
/// "alice" of her fingerprint; hex of one that no test has named.
std::string name_of(const sdk::Fingerprint& peer);
/// The other way round.
sdk::Fingerprint peer_named(std::string_view name);

}  // namespace peer::test
