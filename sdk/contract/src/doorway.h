#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <peer/sdk/contract/auth_contract.h>

namespace peer::sdk::contract {

/// The answers to one question, which outlive the plugin and the test: a plugin may keep its reply
/// for ever. Thread-safe.
class Answers {
 public:
  void add(AuthVerdict verdict);
  /// Waits for the first one; nullopt: none came in time.
  [[nodiscard]] std::optional<AuthVerdict> first(std::chrono::milliseconds patience);
  [[nodiscard]] std::size_t count();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<AuthVerdict> verdicts_;
};

/// What a question is about, beside the newcomer.
struct Asking {
  std::string response{};
  std::string context{};
  std::string refreshes{};             ///< a peer that is there, in hex
  const AuthGrant* granted = nullptr;  ///< of a renewal
};

/// A running auth plugin, and those who have come to it. ask() and judge() are thread-safe.
class Doorway {
 public:
  /// Makes the plugin and starts it. Throws where it cannot be made or started. `with` outlives
  /// this.
  explicit Doorway(const AuthCase& with);
  ~Doorway() { stop(); }
  Doorway(const Doorway&) = delete;
  Doorway& operator=(const Doorway&) = delete;

  /// Asks, with arguments that end with the call. What the plugin throws is a fault.
  std::shared_ptr<Answers> ask(const Newcomer& newcomer, const Asking& asking = {});
  /// How it ends with a newcomer who answers the challenges that it gets. nullopt: no answer came
  /// in time.
  [[nodiscard]] std::optional<AuthVerdict> judge(const Newcomer& newcomer);
  /// Ends the plugin as a server does; then it is gone.
  void stop();

  [[nodiscard]] Auth& plugin() { return *made_.object; }
  /// Whatever has been thrown, and verdicts that make no sense.
  [[nodiscard]] std::vector<std::string> faults();
  void check(const AuthVerdict& verdict, const Newcomer& newcomer);

 private:
  class NobodyIsThere final : public AuthHost {
   public:
    void revoke(const Fingerprint&, std::string_view) noexcept override {}
    void revoke_identity(std::string_view, std::string_view) noexcept override {}
  };
  [[nodiscard]] std::string fault_of(const AuthGrant& grant) const;
  [[nodiscard]] std::string fault_of(const AuthVerdict& verdict) const;

  const AuthCase& with_;
  NobodyIsThere host_;
  Made<Auth> made_;
  bool may_pass_ = false;
  std::optional<std::string> identity_prefix_;
  std::shared_ptr<const void> peer_ = std::make_shared<int>(0);
  std::mutex mutex_;
  std::vector<std::string> faults_;
};

}  // namespace peer::sdk::contract
