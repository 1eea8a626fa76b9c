#pragma once

#include <string_view>

namespace peer_redis {

/// Whether clients may get these bytes as, or within, a message: valid UTF-8 in braces. That it is
/// JSON is the word of the node that wrote it; nothing is parsed on the way.
bool is_client_text(std::string_view text);

}  // namespace peer_redis
