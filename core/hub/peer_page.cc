#include "core/hub/peer_page.h"

#include <algorithm>

namespace peer {
namespace {

// The length of the object up to its meta. Within a JSON string the quotes would be escaped: the
// first occurrence is the member.
std::size_t length_before_meta(std::string_view object) {
  return std::min(object.find(",\"meta\":"), object.size());
}

std::size_t bare_size(std::string_view object) {
  const std::size_t length = length_before_meta(object);
  return length == object.size() ? length : length + 1;
}

void append(PeerPage& page, std::string_view object) {
  if (page.listed++ > 0) page.peers.push_back(',');
  page.peers.append(object);
}

// Each has room for its meta while those behind it have room without theirs.
PeerPage make_whole_page(const std::vector<std::string_view>& objects, std::size_t bytes) {
  PeerPage page;
  std::size_t whole = 0;
  for (const std::string_view object : objects) whole += object.size() + 1;
  page.peers.reserve(std::min(whole, bytes));
  // Nearly always: nobody's meta is looked for.
  if (whole <= bytes) {
    for (const std::string_view object : objects) append(page, object);
    return page;
  }
  std::size_t size = 0;
  for (const std::string_view object : objects) size += bare_size(object) + 1;
  bool full = false;
  for (const std::string_view object : objects) {
    size += object.size() - bare_size(object);
    full = full || size > bytes;
    full ? append(page, without_meta(object)) : append(page, object);
  }
  return page;
}

}  // namespace

std::string without_meta(std::string_view object) {
  const std::size_t length = length_before_meta(object);
  std::string bare(object.substr(0, length));
  if (length < object.size()) bare.push_back('}');
  return bare;
}

std::string_view meta_in(std::string_view object) {
  constexpr std::string_view kName = ",\"meta\":";
  const std::size_t length = length_before_meta(object);
  if (length == object.size() || !object.ends_with('}')) return {};
  object.remove_suffix(1);
  return object.substr(length + kName.size());
}

std::string with_away(std::string_view object) {
  // Before the meta, which is the last member.
  const std::size_t length = length_before_meta(object);
  const std::size_t at = length < object.size() ? length : object.size() - 1;
  std::string marked(object.substr(0, at));
  return marked.append(",\"away\":true").append(object.substr(at));
}

PeerPage make_page(const std::vector<std::string_view>& objects, PageLimit limit) {
  if (limit.lists_all) return make_whole_page(objects, limit.bytes);
  PeerPage page;
  const std::size_t count = std::min(objects.size(), limit.peers);
  std::size_t whole = 0;
  for (std::size_t i = 0; i < count; ++i) whole += objects[i].size() + 1;
  page.peers.reserve(std::min(whole, limit.bytes));
  for (std::size_t i = 0; i < count; ++i) {
    const bool fits = page.peers.size() + objects[i].size() + 1 <= limit.bytes;
    if (!fits && i > 0) break;
    fits ? append(page, objects[i]) : append(page, without_meta(objects[i]));
  }
  return page;
}

}  // namespace peer
