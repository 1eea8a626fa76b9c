#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/utf8.h"
#include "core/protocol/json_bytes.h"
#include "core/protocol/json_grammar.h"
#include "core/protocol/json_text.h"

// Any bytes as UTF-8 and as JSON. Our verdict is simdjson's wherever that has one; and the members
// that are found while an object is checked, and those of its payload, are those that a scan finds
// in it, which trusts what it reads.

namespace {

using namespace peer;

void require(bool holds) {
  if (!holds) std::abort();
}

/// It refuses numbers beyond 64 bits and unpaired surrogates, which are JSON, in the words of those
/// that are none; and a scalar in the 1024th container.
bool has_no_opinion(simdjson::error_code error) {
  return error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR ||
         error == simdjson::DEPTH_ERROR;
}

void require_same_members(std::string_view object, const std::vector<JsonMember>& members) {
  ObjectCursor cursor(object);
  JsonMember expected;
  for (const JsonMember& member : members) {
    require(cursor.next(expected));
    require(member.key == expected.key && member.value == expected.value);
    for (const JsonMember& one : {member, expected}) {
      require(one.key_is_plain == (one.key.find('\\') == std::string_view::npos));
      require(one.value_is_plain == (one.value.find('\\') == std::string_view::npos));
    }
  }
  require(!cursor.next(expected));
}

/// The members of the payload are looked for on the way: that changes no verdict, and no slice of
/// the object's own. They are those of one of its payloads, or none.
void require_same_with_payload(std::string_view text, bool is_object,
                               const std::vector<JsonMember>& expected) {
  std::vector<JsonMember> members;
  std::vector<JsonMember> of_payload;
  require(read_json_object(text, members, &of_payload) == is_object);
  if (!is_object) return;
  require(members.size() == expected.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    require(members[i].key == expected[i].key && members[i].value == expected[i].value);
    require(members[i].key_is_plain == expected[i].key_is_plain);
    require(!members[i].value_is_plain || expected[i].value_is_plain);
  }
  if (of_payload.empty()) return;
  const auto has_them = [&](const JsonMember& member) {
    const char* const begin = member.value.data();
    const char* const first = of_payload.front().key.data();
    return member.key == "\"payload\"" && begin <= first && first < begin + member.value.size();
  };
  const auto payload = std::find_if(members.begin(), members.end(), has_them);
  require(payload != members.end());
  require_same_members(payload->value, of_payload);
}

/// In pieces, too.
void require_same_utf8(std::span<const std::uint8_t> bytes) {
  const bool valid =
      simdjson::validate_utf8(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  require(is_valid_utf8(bytes) == valid);
  for (const std::size_t cut : {bytes.size() / 2, bytes.size() - bytes.size() / 3}) {
    Utf8Checker checker;
    require((checker.feed(bytes.first(cut)) && checker.feed(bytes.subspan(cut)) &&
             checker.complete()) == valid);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // On the heap at its exact size, so that AddressSanitizer sees any read beyond it.
  const std::vector<char> bytes(data, data + size);
  const std::string_view text(bytes.data(), size);
  const bool valid = is_valid_json(text);
  require_same_utf8({reinterpret_cast<const std::uint8_t*>(bytes.data()), size});

  simdjson::dom::parser dom;
  const auto error = dom.parse(simdjson::padded_string(text)).error();
  require(has_no_opinion(error) || valid == (error == simdjson::SUCCESS));

  if (!is_valid_utf8({data, size})) return 0;
  const char* const end = text.data() + size;
  const char* const begin = skip_json_space(text.data(), end);
  const std::string_view object(begin, static_cast<std::size_t>(end - begin));
  std::vector<JsonMember> members;
  const bool is_object = read_json_object(text, members);
  require(is_object == (valid && object.starts_with('{')));
  if (is_object) require_same_members(object, members);
  require_same_with_payload(text, is_object, members);
  return 0;
}
