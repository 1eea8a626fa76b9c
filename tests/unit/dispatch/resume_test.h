#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/server/node.h"
#include "core/session/session.h"
#include "tests/unit/dispatch/node_test.h"

namespace peer::test {

/// A node with peers whose sessions may be resumed. It remembers their latest tokens by their
/// names.
template <typename Base>
class WithSessions : public Base {
 protected:
  /// A registered connection with a session that may be resumed.
  Client resumable(std::string_view name, std::size_t loop = 0) {
    Client client = Base::connect(loop);
    const std::string quoted = "\"" + std::string(name) + "\"";
    static_cast<void>(peer_named(name));
    note_token(name, client.ask("register", "{\"public_key\":" + quoted + ",\"alias\":" + quoted +
                                                ",\"resume\":true}"));
    return client;
  }
  /// It joins the lobby, and has not read the answer.
  static void join(Client& client) { client.send("join", kLobby); }
  static void signal(Client& from, std::string_view to, std::string_view payload) {
    from.send("signal", payload, "\"to\":\"" + std::string(to) + "\"");
  }
  static std::string resume_payload(std::string_view token, int received) {
    return "{\"token\":\"" + std::string(token) + "\",\"received\":" + std::to_string(received) +
           "}";
  }
  /// The answer to `resume` with a token of the test's choice.
  static std::string resume_with(Client& client, std::string_view token, int received,
                                 std::string_view more = {}) {
    return client.ask("resume", resume_payload(token, received), more);
  }
  /// The same with the peer's latest one, which is a new one from then on.
  std::string resume(Client& client, std::string_view name, int received,
                     std::string_view more = {}) {
    const std::string answer = resume_with(client, token(name), received, more);
    note_token(name, answer);
    return answer;
  }
  /// The answer has brought the peer's latest one.
  void note_token(std::string_view name, const std::string& answer) {
    constexpr std::string_view kBefore = "\"token\":\"";
    const std::size_t at = answer.find(kBefore);
    if (at == std::string::npos) return;
    tokens_[std::string(name)] = answer.substr(at + kBefore.size(), 32);
  }
  [[nodiscard]] const std::string& token(std::string_view name) {
    return tokens_[std::string(name)];
  }

  /// On its loop only.
  Session& session_named(std::string_view name) {
    const SessionRef where = *Base::node().peers.find(peer_named(name));
    return *find_session(Base::node().loop_of(where), where);
  }
  [[nodiscard]] std::size_t kept_bytes(std::size_t loop = 0) {
    std::size_t bytes = 0;
    Base::on_loop(loop, [&] { bytes = Base::node().loop_states[loop]->kept.bytes(); });
    return bytes;
  }

 private:
  std::map<std::string, std::string> tokens_;
};

using ResumeTest = WithSessions<NodeTest>;
using SharedResumeTest = WithSessions<ClusterTest>;

}  // namespace peer::test
