#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include "core/base/first_few.h"
#include "core/hub/peer_directory.h"

// The search of the Server API. In: a part of an alias, or the beginning of a fingerprint. Out: a
// page of peers, in the order of all lists of peers. Names are compared while their shard is
// locked; everything else about a peer is looked up behind that, one at a time.
namespace peer {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

/// `part`: lower case.
bool contains(std::string_view text, const std::string& part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

bool may_begin_fingerprint(const std::string& part) {
  return part.size() <= 64 && part.find_first_not_of("0123456789abcdef") == std::string::npos;
}

struct Less {
  bool operator()(const PeerPlace& a, const PeerPlace& b) const {
    return comes_before(a.peer, b.peer);
  }
};

}  // namespace

std::vector<PeerPlace> PeerDirectory::search(std::string_view text, const Namespace* in,
                                             const std::optional<Fingerprint>& after,
                                             std::size_t limit) const {
  const std::string part = lower(text);
  FirstFew<PeerPlace, Less> found(limit, {});
  const auto is_meant = [&](const Fingerprint& peer) {
    return !after || comes_before(*after, peer);
  };
  for (std::uint32_t i = 0; i <= mask_; ++i) {
    std::vector<Fingerprint> holders;
    {
      const MutexLock lock(alias_shards_[i].mutex);
      for (const Holder& holder : alias_shards_[i].holders) {
        if (is_meant(holder.peer) && contains(holder.alias(), part)) holders.push_back(holder.peer);
      }
    }
    for (const Fingerprint& peer : holders) {
      const auto where = found.wants(PeerPlace{peer, {}}) ? find(peer) : std::nullopt;
      if (where && (in == nullptr || is_member(peer, in))) found.offer({peer, *where});
    }
  }
  const std::vector<PeerPlace> by_alias = found.take();
  if (!may_begin_fingerprint(part)) return by_alias;
  FirstFew<PeerPlace, Less> beginning(limit, {});
  for (std::uint32_t i = 0; i <= mask_; ++i) {
    const MutexLock lock(shards_[i].mutex);
    for (const auto& there : shards_[i].peers) {
      const auto& [peer, entry] = there;
      if (!is_meant(peer) || (in != nullptr && !is_in(shards_[i], there, in))) continue;
      std::array<char, 64> digits;
      write_hex(peer, digits.data());
      if (std::equal(part.begin(), part.end(), digits.begin())) {
        beginning.offer({peer, entry.where});
      }
    }
  }
  const std::vector<PeerPlace> by_fingerprint = beginning.take();
  std::vector<PeerPlace> page;  // one peer may be in both
  std::set_union(by_alias.begin(), by_alias.end(), by_fingerprint.begin(), by_fingerprint.end(),
                 std::back_inserter(page), Less());
  page.resize(std::min(page.size(), limit));
  return page;
}

}  // namespace peer
