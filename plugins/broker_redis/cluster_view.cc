#include "cluster_view.h"

namespace peer_redis {
namespace {

/// FNV-1a with the finalizer of SplitMix64: the same on every machine.
std::uint64_t weight(std::string_view subject, std::string_view node) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto mix = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  };
  mix(node);
  mix(subject);
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

}  // namespace

std::string_view chosen_node(std::string_view subject, const std::vector<std::string>& nodes) {
  std::string_view chosen;
  std::uint64_t best = 0;
  for (const std::string& node : nodes) {
    const std::uint64_t own = weight(subject, node);
    if (!chosen.empty() && (own < best || (own == best && node < chosen))) continue;
    chosen = node;
    best = own;
  }
  return chosen;
}

}  // namespace peer_redis
