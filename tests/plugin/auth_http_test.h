#pragma once

#include <Poco/AutoPtr.h>
#include <Poco/Logger.h>
#include <gmock/gmock.h>

#include <future>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/plugin/loading.h"
#include "tests/plugin/logged_lines.h"
#include "tests/support/free_port.h"
#include "tests/support/http_endpoint.h"
#include "tests/support/scripted_server.h"

namespace peer::test {

// What the tests of auth_http share: the plugin, loaded as the server loads it.

inline constexpr const char* kAllow = R"({"allow":true})";
inline constexpr const char* kNotAvailable = "authentication is not available, try again later";
inline constexpr const char* kFailed = "authentication failed";

/// A verdict that is waited for.
class Pending {
 public:
  sdk::AuthReply reply() {
    return
        [promise = promise_](sdk::AuthVerdict verdict) { promise->set_value(std::move(verdict)); };
  }
  sdk::AuthVerdict get() { return verdict_.get(); }
  /// Names of who is granted, the words of who is rejected in brackets.
  std::string text() {
    const sdk::AuthVerdict verdict = get();
    if (const auto* rejection = std::get_if<sdk::AuthRejection>(&verdict)) {
      return "[" + rejection->message + "]";
    }
    if (std::holds_alternative<sdk::AuthPass>(verdict)) return "passed";
    return std::get<sdk::AuthGrant>(verdict).identity.value_or("somebody");
  }

 private:
  std::shared_ptr<std::promise<sdk::AuthVerdict>> promise_ =
      std::make_shared<std::promise<sdk::AuthVerdict>>();
  std::future<sdk::AuthVerdict> verdict_ = promise_->get_future();
};

class AuthHttpTest : public testing::Test {
 protected:
  using Options = std::map<std::string, sdk::PluginConfig::Option, std::less<>>;

  AuthHttpTest() { Poco::Logger::get("peer").setChannel(log_); }
  ~AuthHttpTest() override {
    if (loaded_) record().host.stop();
    loaded_.reset();
    Poco::Logger::get("peer").setChannel(nullptr);
  }

  std::vector<std::string> mistakes(Options options) {
    PluginsConfig config;
    config.auth = {choice("http", "")};
    config.auth[0].options = std::move(options);
    return load(config).mistakes;
  }
  void start(const std::string& url, Options options = {}, bool takes_any_origin = false) {
    PluginsConfig config;
    config.auth = {choice("http", "")};
    config.auth[0].options = std::move(options);
    config.auth[0].options.emplace("url", url);
    loaded_ = std::make_unique<Loaded>(load(config));
    ASSERT_THAT(loaded_->mistakes, testing::IsEmpty());
    ASSERT_TRUE(record().host.start(takes_any_origin));
  }
  Pending ask(const sdk::AuthGrant* granted = nullptr) {
    Pending pending;
    sdk::AuthRequest request;
    request.payload = R"({"public_key":"k"})";
    request.remote_address = "203.0.113.5";
    request.peer = peer_;
    request.granted = granted;
    loaded_->plugins.auths.front()->authenticate(request, pending.reply());
    return pending;
  }
  std::vector<std::string> log() { return log_->lines(); }
  std::uint64_t count(const std::string& name) {
    for (const PluginCounter& counter : record().host.counters()) {
      if (counter.name == name) return counter.value;
    }
    return 0;
  }
  /// A URL that nobody listens at.
  static std::string dead_url() { return "http://127.0.0.1:" + std::to_string(free_port()) + "/"; }
  PluginRecord& record() { return *loaded_->plugins.auths.front().record; }

  std::shared_ptr<const void> peer_ = std::make_shared<int>();

 private:
  Poco::AutoPtr<LoggedLines> log_{new LoggedLines};
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace peer::test
