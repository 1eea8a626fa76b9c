#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <peer/sdk/auth.h>

#include "json_object.h"

namespace peer_jwt {

/// What a client has sent that matters here.
struct Presented {
  std::optional<std::string> token;  ///< nullopt: none, so it is for others to judge
  /// What the peer registers with; nullopt: no text.
  std::optional<std::string> public_key;
};

/// Looks for the token where clients can put it, in this order: `token` in the register payload,
/// the header `Authorization: Bearer`, the query parameter `access_token`, the subprotocol after
/// `bearer` (browsers can set no header). nullopt when `out` is filled, else the words for the
/// client.
[[nodiscard]] std::optional<std::string> read_presented(const peer::sdk::AuthRequest& request,
                                                        peer_keys::ObjectParser& parser,
                                                        Presented& out);

}  // namespace peer_jwt
