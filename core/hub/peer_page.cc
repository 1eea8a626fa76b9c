#include "core/hub/peer_page.h"

#include <algorithm>
#include <array>
#include <span>

namespace peer {
namespace {

constexpr std::string_view kFirst = "{\"fingerprint\":\"";
constexpr std::size_t kDigits = 64;
static_assert(kFirst.size() + kDigits + 1 == ObjectView::kBeginning);

// What stands behind a member of an object, and never at the beginning of a value: so the text of
// a KeptObject says whether the beginning is there.
bool goes_on(std::string_view text) { return text.starts_with(',') || text.starts_with('}'); }

// Whether the object begins with this fingerprint.
bool begins_with(std::string_view object, const Fingerprint& peer) {
  if (object.size() <= ObjectView::kBeginning || !object.starts_with(kFirst)) return false;
  std::array<char, kDigits> digits;
  write_hex(peer, digits.data());
  return object.substr(kFirst.size(), kDigits) == std::string_view(digits.data(), kDigits) &&
         object[ObjectView::kBeginning - 1] == '"' &&
         goes_on(object.substr(ObjectView::kBeginning));
}

// The length of the object up to its meta. Within a JSON string the quotes would be escaped: the
// first occurrence is the member.
std::size_t length_before_meta(std::string_view object) {
  return std::min(object.find(",\"meta\":"), object.size());
}

std::size_t bare_size(std::string_view object) {
  const std::size_t length = length_before_meta(object);
  return length == object.size() ? length : length + 1;
}

void append(PeerPage& page, const ObjectView& object) {
  if (page.listed++ > 0) page.peers.push_back(',');
  object.append_to(page.peers);
}

void append_bare(PeerPage& page, ObjectView object) {
  const std::string bare = without_meta(object.text);
  object.text = bare;
  append(page, object);
}

// All as they are. `size`: theirs, with a comma between each two.
PeerPage page_of_all(std::span<const ObjectView> objects, std::size_t size) {
  PeerPage page;
  page.peers.resize(size);
  char* out = page.peers.data();
  for (const ObjectView& object : objects) {
    if (page.listed++ > 0) *out++ = ',';
    out = object.write_to(out);
  }
  return page;
}

// Each has room for its meta while those behind it have room without theirs.
PeerPage make_whole_page(const std::vector<ObjectView>& objects, std::size_t bytes) {
  std::size_t whole = 0;
  for (const ObjectView& object : objects) whole += object.size() + 1;
  // Nearly always: nobody's meta is looked for.
  if (whole <= bytes && !objects.empty()) return page_of_all(objects, whole - 1);
  PeerPage page;
  page.peers.reserve(std::min(whole, bytes));
  std::size_t size = 0;
  for (const ObjectView& object : objects) {
    size += object.size() - object.text.size() + bare_size(object.text) + 1;
  }
  bool full = false;
  for (const ObjectView& object : objects) {
    size += object.text.size() - bare_size(object.text);
    full = full || size > bytes;
    full ? append_bare(page, object) : append(page, object);
  }
  return page;
}

}  // namespace

std::array<char, ObjectView::kBeginning> ObjectView::beginning() const {
  std::array<char, kBeginning> text_of_it;
  std::copy(kFirst.begin(), kFirst.end(), text_of_it.begin());
  write_hex(*peer, text_of_it.data() + kFirst.size());
  text_of_it.back() = '"';
  return text_of_it;
}

char* ObjectView::write_to(char* out) const {
  if (peer != nullptr) {
    out = std::copy(kFirst.begin(), kFirst.end(), out);
    write_hex(*peer, out);
    out += kDigits;
    *out++ = '"';
  }
  return std::copy(text.begin(), text.end(), out);
}

KeptObject::KeptObject(std::string_view object, const Fingerprint& peer)
    : text_(begins_with(object, peer) ? object.substr(ObjectView::kBeginning) : object) {}

ObjectView KeptObject::view(const Fingerprint& peer) const {
  const std::string_view text = text_;
  return goes_on(text) ? ObjectView(text, peer) : ObjectView(text);
}

std::string KeptObject::whole(const Fingerprint& peer) const {
  const ObjectView object = view(peer);
  std::string out;
  out.reserve(object.size());
  object.append_to(out);
  return out;
}

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
  marked.append(",\"away\":true").append(object.substr(at));
  return marked;
}

PeerPage make_page(const std::vector<ObjectView>& objects, PageLimit limit) {
  if (limit.lists_all) return make_whole_page(objects, limit.bytes);
  const std::size_t count = std::min(objects.size(), limit.peers);
  std::size_t whole = 0;
  for (std::size_t i = 0; i < count; ++i) whole += objects[i].size() + 1;
  if (whole <= limit.bytes && count > 0) {
    return page_of_all(std::span(objects).first(count), whole - 1);
  }
  PeerPage page;
  page.peers.reserve(std::min(whole, limit.bytes));
  for (std::size_t i = 0; i < count; ++i) {
    const bool fits = page.peers.size() + objects[i].size() + 1 <= limit.bytes;
    if (!fits && i > 0) break;
    fits ? append(page, objects[i]) : append_bare(page, objects[i]);
  }
  return page;
}

}  // namespace peer
