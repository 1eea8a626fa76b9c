#include "core/admin/ban_sharing.h"

#include <utility>
#include <vector>

#include "core/admin/bans_file.h"
#include "core/base/log.h"
#include "core/session/banning.h"

namespace peer {
namespace {

constexpr milliseconds kLook{1'000};
constexpr unsigned kLooksPerDigest = 5;
constexpr std::size_t kBansAtOnce = 1'000;

// FNV-1a.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (const char c : text) {
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 1'099'511'628'211U;
  }
  return hash;
}

}  // namespace

// Once a second: that is how long a node that starts may not know of the bans of the others.
void BanSharing::look() {
  std::set<std::string> live;
  for (std::string& node : talk_.others()) live.insert(std::move(node));
  for (const std::string& node : live) {
    if (!known_.contains(node)) send_list(node);
  }
  known_ = std::move(live);
  if (++looks_ % kLooksPerDigest == 0) {
    const std::uint64_t own = digest();
    for (const std::string& node : known_) talk_.say(node, NodeTalk::Kind::kBansDigest, own, {});
  }
  loop_.schedule(loop_.now() + kLook, [this] { look(); });
}

void BanSharing::send_list(const std::string& to) {
  const std::vector<Ban> bans = node_.admission.bans().all(now());
  for (std::size_t begin = 0; begin < bans.size(); begin += kBansAtOnce) {
    const std::size_t end = std::min(begin + kBansAtOnce, bans.size());
    const std::vector<Ban> part(bans.begin() + static_cast<std::ptrdiff_t>(begin),
                                bans.begin() + static_cast<std::ptrdiff_t>(end));
    talk_.say(to, NodeTalk::Kind::kBans, 0, bans_to_json(part));
  }
}

void BanSharing::take_list(std::string_view body) {
  const auto bans = parse_bans(std::string(body));
  if (!bans) return log_warning("a list of bans of another node " + bans.error().message);
  const TakenBans taken = take_bans(node_, *bans, now());
  if (taken.put + taken.lifted == 0) return;
  log_info("bans have changed on another node, and so here: " + std::to_string(taken.put) +
           " put, " + std::to_string(taken.lifted) + " lifted");
}

void BanSharing::take_digest(const std::string& from, std::uint64_t theirs) {
  // Each of the two hears the digest of the other, so each sends what it has.
  if (theirs != digest()) send_list(from);
}

// The same whatever the order, and 0 of none.
std::uint64_t BanSharing::digest() const {
  std::uint64_t sum = 0;
  for (const Ban& ban : node_.admission.bans().all(now())) {
    sum += hash_of(ban.target + " " + std::to_string(ban.changed_at));
  }
  return sum;
}

}  // namespace peer
