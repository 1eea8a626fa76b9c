#pragma once

#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <peer/sdk/dialect.h>

namespace peer::test {

/// A dialect in which a test says what the plugin is to ask for. At `/test?id=&token=` a client's
/// text is a command:
///   send TEXT | say JSON | direct ID MS JSON | broadcast NS JSON | count NS | wake MS | close
///   home (its namespace) | twice (two pings) | bad (sends what is no UTF-8) | throw | flood (says
///   one ping more than it may)
/// An object as a text is answered by its members, "KEY=VALUE;" each, or "none"; to the peer that
/// its member `to` names goes an object around its `payload`, and its `say` is said.
/// What the core says comes as "tell JSON", and the rest as "undelivered ID", "wake", "last CODE
/// REASON", "refused REASON CODE MESSAGE". By HTTP it answers "/test/echo" and "/test/ids". `id=no`
/// is turned away, `id=throw` makes open() throw, `id=nothing` begin() make nothing.
class TestDialect final : public sdk::Dialect {
 public:
  // Before the node is made.
  sdk::DialectTraits said{
      "/test", {"/test/echo", "/test/ids", "/test/bad", "/test/twice"}, "realm", ""};

  sdk::DialectTraits traits() const override { return said; }
  void start(sdk::DialectHost& host) override { host_ = &host; }
  /// Once the node has started.
  [[nodiscard]] sdk::DialectHost& host() const { return *host_; }

  std::variant<sdk::DialectEntry, sdk::DialectRejection> open(
      const sdk::DialectRequest& request) override {
    const std::string id = request.parameter("id").value_or("");
    if (id == "no") return sdk::DialectRejection{"not you"};
    if (id == "throw") throw std::runtime_error("no such door");
    return sdk::DialectEntry{id, request.parameter("token").value_or("")};
  }
  std::string refusal(const sdk::DialectRefusal& refusal) const override {
    return "refused " + std::to_string(static_cast<int>(refusal.reason)) + " " +
           std::to_string(refusal.code) + " " + std::string(refusal.message);
  }
  std::unique_ptr<sdk::DialectSession> begin(sdk::DialectPeer& peer) override {
    if (peer.id() == "nothing") return nullptr;
    return std::make_unique<Session>(peer);
  }
  sdk::DialectResponse answer(const sdk::DialectRequest& request) override {
    sdk::DialectResponse response;
    response.content_type = "text/plain";
    response.body = std::string(request.method) + " " + std::string(request.query);
    response.headers = {{"X-Test", "yes"}};
    if (request.path == "/test/bad") response.headers = {{"X-Test", "a\r\nb"}};
    if (request.path == "/test/twice") response.headers = {{"content-length", "0"}};
    if (request.path != "/test/ids") return response;
    response.wants_ids = request.ids == nullptr;
    if (request.ids == nullptr) return response;
    response.body.clear();
    for (const std::string& id : *request.ids) response.body += id + ",";
    return response;
  }

 private:
  class Session final : public sdk::DialectSession {
   public:
    explicit Session(sdk::DialectPeer& peer) : peer_(peer) {
      peer_.send("open " + std::string(peer_.id()));
    }
    void hear(std::string_view text) override {
      if (text.starts_with('{')) return hear_object();
      const std::string_view verb = word(text);
      if (verb == "send") {
        peer_.send(text);
      } else if (verb == "say") {
        peer_.say(text);
      } else if (verb == "direct") {
        const std::string_view id = word(text);
        const auto time = milliseconds_of(word(text));
        peer_.direct(id, text, time);
      } else if (verb == "broadcast") {
        const std::string_view ns = word(text);
        peer_.broadcast(ns, text);
      } else if (verb == "count") {
        peer_.count_members(text, [this](std::uint64_t members) {
          peer_.send("members " + std::to_string(members));
        });
      } else if (verb == "wake") {
        peer_.wake_after(milliseconds_of(text));
      } else if (verb == "home") {
        peer_.send(peer_.home());
      } else if (verb == "twice") {
        peer_.say(R"({"type":"ping","id":1})");
        peer_.say(R"({"type":"ping","id":2})");
      } else if (verb == "flood") {
        for (std::size_t i = 0; i <= sdk::kMaxDialectActions; ++i) peer_.say(R"({"type":"ping"})");
      } else if (verb == "bad") {
        peer_.send("\xff");
      } else if (verb == "close") {
        peer_.close();
      } else {
        throw std::runtime_error("no such word");
      }
    }
    void tell(const sdk::DialectMessage& message) override {
      peer_.send("tell " + std::string(message.text));
      // An answer that is answered: not within the call that has caused it.
      if (message.id == "7") peer_.say(R"({"type":"ping","id":8})");
      if (message.id == "9") peer_.send(peer_.heard_members() ? "heard" : "nothing heard");
    }
    void undelivered(std::string_view id) override { peer_.send("undelivered " + std::string(id)); }
    void wake() override { peer_.send("wake"); }
    std::string last_word(const sdk::DialectEnding& ending) override {
      return "last " + std::to_string(ending.code) + " " + std::string(ending.reason);
    }

   private:
    void hear_object() {
      const auto members = peer_.heard_members();
      if (!members) return static_cast<void>(peer_.send("none"));
      std::string read;
      std::string to;
      std::string around;
      for (const auto& [key, value] : *members) {
        read.append(key).append("=").append(value) += ';';
        if (key == "say") peer_.say(value);
        if (key == "to") to = value.substr(1, value.size() - 2);
        if (key == "payload") around = "{\"around\":" + std::string(value) + "}";
      }
      peer_.send(read);
      if (!to.empty()) peer_.direct(to, around, std::chrono::milliseconds(0));
    }
    static std::string_view word(std::string_view& rest) {
      const std::string_view first = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(rest.size(), first.size() + 1));
      return first;
    }
    static std::chrono::milliseconds milliseconds_of(std::string_view text) {
      int value = 0;
      std::from_chars(text.data(), text.data() + text.size(), value);
      return std::chrono::milliseconds(value);
    }

    sdk::DialectPeer& peer_;
  };

  sdk::DialectHost* host_ = nullptr;
};

}  // namespace peer::test
