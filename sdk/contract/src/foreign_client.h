#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/contract/dialect_contract.h>

#include "hostile.h"

/// A server for one dialect, as far as the plugin sees it. Nothing of a real server is in it: what
/// the plugin asks for is noted, and nobody answers but the test.
namespace peer::sdk::contract {

/// See DialectHost. Thread-safe.
class ForeignHost final : public DialectHost {
 public:
  [[nodiscard]] Fingerprint fingerprint_of(std::string_view id) const noexcept override;
  [[nodiscard]] std::string namespace_of(std::string_view name) const noexcept override {
    return "~" + std::string(name.substr(0, 32));
  }
  [[nodiscard]] std::size_t max_name_length() const noexcept override { return 4096; }
  [[nodiscard]] std::string random_hex(std::size_t bytes) const noexcept override {
    return std::string(2 * bytes, 'a');
  }
  [[nodiscard]] std::optional<std::vector<JsonMemberView>> members_of(
      std::string_view json) const noexcept override;
  [[nodiscard]] std::optional<std::vector<std::string_view>> elements_of(
      std::string_view json) const noexcept override;
  [[nodiscard]] std::optional<std::string> string_of(std::string_view json) const noexcept override;
};

/// A plugin that has been started.
class Embassy {
 public:
  explicit Embassy(const DialectCase& with);

  [[nodiscard]] Dialect& plugin() const { return *made_.object; }
  [[nodiscard]] DialectTraits& traits() { return traits_; }

 private:
  ForeignHost host_;
  Made<Dialect> made_;
  DialectTraits traits_;
};

/// One client, and what the plugin asks for it, as play() has it. What is handed to the plugin is
/// overwritten when its call has returned, unless it is to last. One thread.
class ForeignClient final : private DialectPeer {
 public:
  enum class Texts : std::uint8_t { kEndWithTheCall, kLast };

  /// Let in: open() and begin().
  ForeignClient(Embassy& embassy, std::string_view query, Texts texts = Texts::kEndWithTheCall);
  ~ForeignClient() override;
  ForeignClient(const ForeignClient&) = delete;
  ForeignClient& operator=(const ForeignClient&) = delete;

  /// Empty: the plugin has turned it away, or made no session.
  [[nodiscard]] bool is_in() const { return session_ != nullptr; }

  // Each calls the plugin; what that asks for is noted, and what it throws is a fault.

  void hear(std::string_view text);
  /// A message of the server: "signal", `payload` is JSON.
  void tell(std::string_view type, std::string_view payload, std::string_view from_id = {},
            std::string_view ns = {}, std::string_view id = {});
  void undelivered(std::string_view id);
  void wake();
  void end(std::uint16_t code, std::string_view reason);

  /// In the order of the plugin's calls, as lines.
  [[nodiscard]] const std::vector<std::string>& asked() const { return asked_; }
  /// What of it makes no sense.
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }

 private:
  [[nodiscard]] std::string_view id() const noexcept override { return id_; }
  [[nodiscard]] const Fingerprint& fingerprint() const noexcept override { return fingerprint_; }
  [[nodiscard]] std::string_view home() const noexcept override { return home_; }
  [[nodiscard]] std::chrono::milliseconds now() const noexcept override { return now_; }
  [[nodiscard]] std::optional<std::vector<JsonMemberView>> heard_members() const noexcept override;
  bool send(std::string_view text) noexcept override;
  void say(std::string_view message) noexcept override;
  void direct(std::string_view id, std::string_view payload,
              std::chrono::milliseconds wait) noexcept override;
  void broadcast(std::string_view ns, std::string_view data) noexcept override;
  void count_members(std::string_view ns,
                     std::function<void(std::uint64_t)> then) noexcept override;
  void wake_after(std::chrono::milliseconds time) noexcept override;
  void close() noexcept override;

  /// Makes a call of the plugin, and then answers what that wants counted. An exception is a fault.
  template <typename Call>
  void run(const char* name, Call&& call);
  void count_action();
  void note(std::string line);
  void expect_text(const char* what, std::string_view text);
  void expect_json(const char* what, std::string_view text, bool object);

  /// A text for a call of the plugin.
  [[nodiscard]] std::shared_ptr<const Fleeting> lend(std::string_view text);

  const Texts texts_;
  std::vector<std::shared_ptr<const Fleeting>> lasting_;
  ForeignHost host_;
  std::string id_;
  Fingerprint fingerprint_;
  std::string home_;
  std::chrono::milliseconds now_{1'000'000};
  std::optional<std::string_view> heard_;  ///< by the call that is under way
  std::size_t actions_ = 0;
  std::vector<std::string> asked_;
  std::vector<std::string> faults_;
  std::deque<std::function<void(std::uint64_t)>> counts_;
  std::unique_ptr<DialectSession> session_;
};

}  // namespace peer::sdk::contract
