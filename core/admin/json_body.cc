#include "core/admin/json_body.h"

#include "core/protocol/json_bytes.h"
#include "core/protocol/json_text.h"

namespace peer {
namespace {

// What is no object has no fields.
std::string_view object_in(const std::string& text) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* const first = skip_json_space(begin, end);
  if (first == end || *first != '{' || !is_valid_json(text)) return {};
  return {first, static_cast<std::size_t>(end - first)};
}

}  // namespace

JsonBody::JsonBody(const AdminCall& call, const std::string& text)
    : fields(object_in(text), texts, members), sound(!object_in(text).empty()) {
  if (!sound) {
    call.refuse(400, "the body must be a JSON object");
  } else if (fields.error()) {
    sound = false;
    call.refuse(400, *fields.error());
  }
}

}  // namespace peer
