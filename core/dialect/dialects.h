#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/dialect.h>

#include "core/dialect/dialect_waits.h"
#include "core/net/event_loop.h"
#include "core/server/node.h"

namespace peer {

/// What the core offers one dialect. Thread-safe. It lives as long as the node's loops.
class DialectEntryHost final : public sdk::DialectHost {
 public:
  DialectEntryHost(const Node& node, std::string key) : node_(node), key_(std::move(key)) {}

  /// What stands for the public key of the client with this id (foreign_key()).
  [[nodiscard]] std::string key_of(std::string_view id) const { return key_ + std::string(id); }
  [[nodiscard]] Fingerprint fingerprint_of(std::string_view id) const noexcept override;
  [[nodiscard]] std::string namespace_of(std::string_view name) const noexcept override;
  [[nodiscard]] std::size_t max_name_length() const noexcept override;
  [[nodiscard]] std::string random_hex(std::size_t bytes) const noexcept override;
  [[nodiscard]] std::optional<std::vector<sdk::JsonMemberView>> members_of(
      std::string_view json) const noexcept override;
  [[nodiscard]] std::optional<std::vector<std::string_view>> elements_of(
      std::string_view json) const noexcept override;
  [[nodiscard]] std::optional<std::string> string_of(std::string_view json) const noexcept override;

 private:
  const Node& node_;
  const std::string key_;  ///< what fingerprints are made of, up to the id
};

/// As DialectHost::members_of(), of a text that is UTF-8.
[[nodiscard]] std::optional<std::vector<sdk::JsonMemberView>> members_of_utf8(
    std::string_view json) noexcept;

/// One entry of the list `plugins.dialects`. It outlives the sessions of its clients.
struct DialectEntry {
  sdk::Dialect& plugin;
  PluginCalls& calls;
  std::string name;  ///< of the plugin
  sdk::DialectTraits traits;
  DialectEntryHost host;
  std::string home;  ///< the namespace that its peers join; empty: none
  bool is_listed;    ///< they are members there (sdk::DialectTraits::home_is_listed)
  Node& node;
  DialectWaits& waits;
};

/// What a dialect says of itself, without what makes no sense: that is a mistake each, which
/// `mistake` hears.
[[nodiscard]] sdk::DialectTraits traits_of(
    const LoadedPlugin<sdk::Dialect>& dialect,
    const std::function<void(const std::string& text)>& mistake);

/// The dialects of a node: which of them a request is for, and what becomes of it. There may be
/// none. It lives as long as the node's loops.
///
/// Threading: on loops, but for start(), which is called once before they run, and hear_node().
class Dialects {
 public:
  explicit Dialects(Node& node);

  /// Hands each plugin its host. Returns what is wrong.
  [[nodiscard]] sdk::Result<void> start();
  /// NetOptions::foreign_paths.
  [[nodiscard]] std::vector<std::string> upgrade_paths() const;

  /// A WebSocket has opened. False: its path is no dialect's.
  bool open(Connection& connection, const HttpRequest& request);
  /// As Application::refusal().
  [[nodiscard]] std::string refusal(const Connection& connection, const HttpRequest& request,
                                    Refusal reason, int status, std::string_view why) const;
  /// Answers a request, if its path is a dialect's; empty: the answer comes later.
  [[nodiscard]] std::optional<std::string> answer(Connection& connection,
                                                  const HttpRequest& request);

 private:
  using Path = bool (*)(const sdk::DialectTraits& traits, std::string_view path);
  /// Of the dialects that have the path, the first that takes the request; else the first that has
  /// it. Null: none has.
  [[nodiscard]] DialectEntry* find(const sdk::DialectRequest& request, Path has) const;

  Node& node_;
  DialectWaits waits_;
  std::vector<std::unique_ptr<DialectEntry>> entries_;
};

}  // namespace peer
