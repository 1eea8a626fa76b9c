#pragma once

#include <string>

#include <peer/sdk/auth.h>
#include <peer/sdk/result.h>
#include <peer/sdk/value.h>

namespace peer_http_auth {

/// What the body of an answer means: `{"allow": true, identity?, alias?, namespaces?, rate?,
/// create_rooms?, expires_in?}` is a grant, `{"allow": false, message?}` a rejection. `prefix`
/// stands before the identity; `now`: what `expires_in` counts from. An error, of anything else,
/// says what is wrong, for the log. Members that it does not know are passed over; null in an
/// optional one is as if it were not there.
[[nodiscard]] peer::sdk::Result<peer::sdk::AuthVerdict> read_answer(const peer::sdk::Value& body,
                                                                    const std::string& prefix,
                                                                    peer::sdk::Instant now);

}  // namespace peer_http_auth
