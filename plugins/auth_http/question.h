#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/auth.h>
#include <peer/sdk/result.h>

namespace peer_http_auth {

/// The body of a question: `{"register": <payload>, "address", "origin", "headers", "query"?}`. The
/// payload stands there as it came. `headers`: the names to pass on, of which those are there that
/// the client has sent; lines of one name are one, in their order (RFC 9110 5.3). An error holds
/// the words for the client: JSON is UTF-8, and something is not.
[[nodiscard]] peer::sdk::Result<std::string> question_of(const peer::sdk::AuthRequest& request,
                                                         const std::vector<std::string>& headers,
                                                         bool with_query);

/// Names of headers are compared without regard to case.
[[nodiscard]] bool same_header(std::string_view one, std::string_view other);

}  // namespace peer_http_auth
