#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/net/event_loop.h"
#include "core/net/http/http_request.h"
#include "core/server/node.h"

namespace peer {

class EventFeed;
class NodeTalk;

/// Where a request comes from, for as long as it is under way: everything to answer it with. On the
/// loop of the API; copied freely.
struct AdminCall {
  Node& node;
  EventLoop& loop;
  ConnectionRef to;
  bool keep_alive = false;
  bool head_only = false;
  std::string who{};  ///< the name of the token, for the log
  AdminRole role = AdminRole::kRead;
  EventFeed& feed;
  NodeTalk& talk;
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();

  /// Answers, once. `body`: JSON. Nothing happens when the client has gone meanwhile.
  void answer(int status, std::string body, HttpHeaders extra = {}) const;
  void ok(std::string body) const { answer(200, std::move(body)); }
  /// `{"error":{"code","message"}}`; `message`: plain words without quotes.
  void refuse(int status, std::string_view message, HttpHeaders extra = {}) const;
  /// Counts an answer that is given otherwise.
  void note(int status) const;
  /// One line in the log, with the name of the token. `what`: plain words; `on` may be anybody's.
  void log_change(const std::string& what, const std::string& on) const;
};

/// The whole answer of AdminCall::refuse().
[[nodiscard]] std::string admin_refusal(int status, std::string_view message, bool keep_alive,
                                        bool head_only, HttpHeaders extra = {});

/// The path and the query of a request, decoded.
struct AdminTarget {
  std::vector<std::string> path;  ///< its parts; "/v1/peers/" has an empty one at its end
  std::map<std::string, std::string, std::less<>> query;

  /// Of a field that stands twice the first; empty where there is none.
  [[nodiscard]] std::string_view value(std::string_view name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string_view() : std::string_view(found->second);
  }
};
/// Nullopt: a percent sign without two hex digits, or what is no UTF-8, or holds NUL.
[[nodiscard]] std::optional<AdminTarget> parse_target(const HttpRequest& request);

/// Whose token a request carries; null: nobody's. All tokens are compared, each in constant time.
/// It points into `config`, or to what stands for admin_token: a reload may have another answer.
[[nodiscard]] const AdminToken* find_token(const Config& config, const HttpRequest& request);

/// Decimal digits, and no more than `most`; nullopt for anything else.
[[nodiscard]] std::optional<std::uint64_t> parse_count(std::string_view text, std::uint64_t most);

}  // namespace peer
