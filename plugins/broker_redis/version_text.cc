#include "version_text.h"

#include "kit.h"

namespace peer_redis {
namespace {

constexpr std::string_view kVersionAdvice =
    "give the nodes of one of them another 'prefix', or stop all nodes and start them with one "
    "version";

std::string named(std::string_view version) {
  return version.empty() ? "without a version" : "of version " + std::string(version);
}

}  // namespace

std::string text_of_refusal(std::string_view redis, std::string_view node,
                            std::string_view version) {
  return "Redis at " + std::string(redis) + " is in use by nodes " + named(version) + " (" +
         std::string(node) + "), and this node of version " + version_text() +
         " works on its own until they have gone: " + std::string(kVersionAdvice);
}

std::string text_of_other_parts(std::string_view redis, std::string_view node,
                                std::string_view parts, std::size_t own_parts) {
  return "Redis at " + std::string(redis) +
         " is in use by nodes with 'parts: " + std::string(parts) + "' (" + std::string(node) +
         "), and this node with 'parts: " + std::to_string(own_parts) +
         "' works on its own until they have gone: give all nodes the same number, or this one "
         "another 'prefix'; to change the number, stop all nodes and start them with the new one";
}

std::string text_of_stranger(std::string_view node, std::string_view version) {
  return "node " + std::string(node) + ' ' + named(version) +
         " uses the same keys in Redis as this node of version " + version_text() +
         ", and they do not understand each other: " + std::string(kVersionAdvice);
}

std::string text_of_strange_envelope(char major) {
  const std::string version = major == '0' ? std::string() : std::string(1, major);
  return "a message of a node " + named(version) + " came to this node of version " +
         version_text() + " and is dropped: " + std::string(kVersionAdvice);
}

}  // namespace peer_redis
