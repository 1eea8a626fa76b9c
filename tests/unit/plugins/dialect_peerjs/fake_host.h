#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/dialect.h>

#include "core/base/fingerprint.h"
#include "core/protocol/json_grammar.h"

namespace peer_peerjs {

/// What a server offers to a dialect, without one.
class FakeHost final : public peer::sdk::DialectHost {
 public:
  [[nodiscard]] peer::sdk::Fingerprint fingerprint_of(std::string_view id) const noexcept override {
    ++hashes;
    return peer::fingerprint_of("realm:" + std::string(id));
  }
  [[nodiscard]] std::string namespace_of(std::string_view name) const noexcept override {
    return std::string(name);
  }
  [[nodiscard]] std::size_t max_name_length() const noexcept override { return 256; }
  [[nodiscard]] std::string random_hex(std::size_t bytes) const noexcept override {
    return std::string(2 * bytes, 'f');
  }
  [[nodiscard]] std::optional<std::vector<peer::sdk::JsonMemberView>> members_of(
      std::string_view json) const noexcept override {
    std::vector<peer::JsonMember> raw;
    if (!peer::read_json_object(json, raw)) return std::nullopt;
    std::vector<peer::sdk::JsonMemberView> members;
    for (const peer::JsonMember& member : raw) {
      auto key = string_of(member.key);
      if (!key) return std::nullopt;
      members.push_back({std::move(*key), member.value});
    }
    return members;
  }
  [[nodiscard]] std::optional<std::vector<std::string_view>> elements_of(
      std::string_view) const noexcept override {
    return std::nullopt;
  }
  [[nodiscard]] std::optional<std::string> string_of(
      std::string_view json) const noexcept override {
    std::string text;
    if (!json.starts_with('"') || !peer::append_decoded(text, json)) return std::nullopt;
    return text;
  }

  mutable int hashes = 0;  ///< how often fingerprint_of() was asked
};

/// One client of it: notes what is asked for. Its clock is the test's.
class FakePeer final : public peer::sdk::DialectPeer {
 public:
  explicit FakePeer(std::string id) : id_(std::move(id)) {}

  [[nodiscard]] std::string_view id() const noexcept override { return id_; }
  [[nodiscard]] const peer::sdk::Fingerprint& fingerprint() const noexcept override {
    return fingerprint_;
  }
  [[nodiscard]] std::string_view home() const noexcept override { return "home"; }
  [[nodiscard]] std::chrono::milliseconds now() const noexcept override { return clock; }

  [[nodiscard]] std::optional<std::vector<peer::sdk::JsonMemberView>> heard_members()
      const noexcept override {
    return FakeHost().members_of(heard);
  }
  bool send(std::string_view text) noexcept override {
    sent.emplace_back(text);
    return true;
  }
  void say(std::string_view message) noexcept override { said.emplace_back(message); }
  void direct(std::string_view id, std::string_view payload,
              std::chrono::milliseconds wait) noexcept override {
    directed.push_back({std::string(id), std::string(payload), wait});
  }
  void broadcast(std::string_view, std::string_view) noexcept override {}
  void count_members(std::string_view, std::function<void(std::uint64_t)>) noexcept override {}
  void wake_after(std::chrono::milliseconds time) noexcept override { wakes_after = time; }
  void close() noexcept override { closed = true; }

  struct Directed {
    std::string id;
    std::string payload;
    std::chrono::milliseconds wait;
    friend bool operator==(const Directed&, const Directed&) = default;
  };

  std::chrono::milliseconds clock{1'000'000};
  std::string heard;
  std::vector<std::string> sent;
  std::vector<std::string> said;
  std::vector<Directed> directed;
  std::chrono::milliseconds wakes_after{0};
  bool closed = false;

 private:
  std::string id_;
  peer::sdk::Fingerprint fingerprint_;
};

}  // namespace peer_peerjs
