#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/match/matchmaker.h"
#include "core/protocol/json_text.h"
#include "tests/unit/hub/recording_mail.h"
#include "tests/unit/match/test_strategy.h"

namespace peer::test {

using Status = MatchOutcome::Status;

/// The text between the first `before` and the next `after` behind it; empty when there is none.
inline std::string between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t at = text.find(before);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + before.size());
  return std::string(rest.substr(0, rest.find(after)));
}

inline std::string session_of(std::string_view matched) {
  return between(matched, "\"session_id\":\"", "\"");
}
/// The peer objects of a `matched`, comma-separated.
inline std::string peers_of(std::string_view matched) {
  return between(matched, "\"peers\":[", "]");
}

/// A request as the parser makes it of `criteria`, a key that stands for a whole object.
inline MatchRequest request_for(std::string_view ns, std::uint32_t group_size = 2,
                                const std::string& criteria = "{}",
                                std::optional<milliseconds> timeout = std::nullopt) {
  MatchRequest request;
  request.ns = ns;
  request.group_size = group_size;
  request.criteria_key = criteria;
  request.fields.data = sdk::Value::Object();
  request.timeout = timeout;
  return request;
}

/// A matchmaker, and peers by name that are members of "lobby" and "hall"; a peer's object is its
/// name in quotes.
class MatchTest : public testing::Test {
 protected:
  static inline const std::vector<std::string> kNames{"a", "b", "c", "d", "e", "f"};

  MatchTest() {
    for (const std::string& name : kNames) {
      const std::string object = '"' + name + '"';
      for (const char* ns : {"lobby", "hall"}) {
        namespaces_.join(ns, {where(name), fingerprint_of(name), object, text_frame("joined")}, 100,
                         {});
      }
    }
    mail_.clear();
  }

  static SessionRef where(const std::string& name) {
    const std::uint32_t number = static_cast<unsigned char>(name[0]);
    return ref_of(number % 2, number);
  }
  static TicketOwner owner(const std::string& name, const std::string& request_id = "") {
    return {fingerprint_of(name), where(name), request_id, true};
  }
  /// Where there is none, it begins with "a" in it.
  const Namespace& namespace_of(std::string_view ns) {
    if (namespaces_.find(ns) == nullptr) {
      namespaces_.join(ns, {where("a"), fingerprint_of("a"), "\"a\"", {}}, 100, {});
    }
    return *namespaces_.find(ns);
  }
  MatchOutcome request(const std::string& name, const MatchRequest& request,
                       const std::string& request_id = "") {
    return matchmaker_.request(owner(name, request_id), namespace_of(request.ns),
                               MatchRequest(request), now_);
  }
  std::optional<sdk::TicketId> cancel(const std::string& name, std::string_view ns = "lobby") {
    return matchmaker_.cancel(ns, fingerprint_of(name), now_);
  }
  std::optional<sdk::Instant> tick() { return matchmaker_.tick(now_); }
  /// The strategy always has something to do: each next_tick() asks it for groups.
  void make_strategy_impatient() {
    strategy_.on_next_change = [](sdk::Instant now) { return now; };
  }
  void next_tick() {
    now_ += milliseconds(50);
    tick();
  }
  std::vector<std::string> mail_of(const std::string& name) { return mail_.of(where(name)); }

  sdk::Instant now_{milliseconds(1'700'000'000'000)};
  RecordingMail mail_;
  PeerDirectory peers_{4, 100};
  NamespaceDirectory namespaces_{4, 2, peers_, mail_.post()};
  TestStrategy strategy_;
  PluginCalls calls_{"match_strategy", "test"};
  Matchmaker matchmaker_{{strategy_, calls_}, namespaces_, mail_.post()};
};

}  // namespace peer::test
