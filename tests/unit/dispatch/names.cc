#include "tests/unit/dispatch/names.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>

#include "core/base/fingerprint.h"
#include "tests/plugin/fixtures/shared_store.h"

namespace peer::test {
namespace {

constexpr std::size_t kHexLength = 64;
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kDigits = "0123456789";

/// The names that tests have used, and the usual ones, by fingerprint in hex.
/// Thread-safe.
class Names {
 public:
  Names() {
    for (const char* name : {"alice", "bob", "carol"}) add(to_hex(fingerprint_of(name)), name);
    constexpr std::uint32_t kFarPeers = 9;
    for (std::uint32_t number = 1; number <= kFarPeers; ++number) {
      add(to_hex(far_peer(number)), "far-" + std::to_string(number));
    }
  }

  void add(const std::string& hex, std::string_view name) {
    const std::lock_guard lock(mutex_);
    names_.emplace(hex, name);
  }
  std::string find(const std::string& hex) {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(hex);
    return found == names_.end() ? hex : found->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> names_;
};

Names& names() {
  static Names& instance = *new Names;
  return instance;
}

std::size_t run_of(std::string_view text, std::size_t from, std::string_view characters) {
  return std::min(text.find_first_not_of(characters, from), text.size()) - from;
}

/// Replaces each run of `characters` that follows `before`.
std::string with_fixed(std::string text, std::string_view before, std::string_view characters,
                       std::string_view instead) {
  for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at)) {
    at += before.size();
    text.replace(at, run_of(text, at, characters), instead);
  }
  return text;
}

}  // namespace

sdk::Fingerprint peer_named(std::string_view name) {
  sdk::Fingerprint peer = fingerprint_of(name);
  if (name.starts_with("far-")) {
    peer = far_peer(static_cast<std::uint32_t>(std::stoul(std::string(name.substr(4)))));
  }
  names().add(to_hex(peer), name);
  return peer;
}

std::string name_of(const sdk::Fingerprint& peer) { return names().find(to_hex(peer)); }

std::string with_fingerprints(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text[at] == '<' ? text.find('>', at) : std::string_view::npos;
    if (end == std::string_view::npos) {
      result.push_back(text[at++]);
    } else {
      result += to_hex(peer_named(text.substr(at + 1, end - at - 1)));
      at = end + 1;
    }
  }
  return result;
}

std::string with_names(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = run_of(text, at, kHexDigits);
    if (length == kHexLength) {
      const std::string hex(text.substr(at, length));
      const std::string name = names().find(hex);
      result += name == hex ? hex : "<" + name + ">";
    } else {
      result += text.substr(at, std::max<std::size_t>(length, 1));
    }
    at += std::max<std::size_t>(length, 1);
  }
  result = with_fixed(std::move(result), "\"ts\":", kDigits, "0");
  result = with_fixed(std::move(result), "\"session_id\":\"", kHexDigits, "S");
  return with_fixed(std::move(result), "\"ticket\":\"", kDigits, "T");
}

}  // namespace peer::test
