#include "client_text.h"

#include <simdjson.h>

namespace peer_redis {

bool is_client_text(std::string_view text) {
  return text.size() >= 2 && text.front() == '{' && text.back() == '}' &&
         simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace peer_redis
