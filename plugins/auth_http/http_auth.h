#pragma once

#include <optional>
#include <string>

#include <peer/sdk/auth.h>
#include <peer/sdk/host.h>

#include "asker.h"
#include "options.h"

namespace peer_http_auth {

/// Lets in whom an HTTP endpoint lets in, with the rights that it names (question.h, answer.h). A
/// peer whose endpoint cannot be asked is turned away, unless `on_error` says otherwise.
/// Thread-safe.
class HttpAuth final : public peer::sdk::Auth {
 public:
  HttpAuth(Options options, peer::sdk::PluginHost& host);

  /// Replies later, from the asker's thread.
  void authenticate(const peer::sdk::AuthRequest& request, peer::sdk::AuthReply reply) override;
  [[nodiscard]] bool renews() const override { return true; }
  /// The endpoint may grant any, behind this.
  [[nodiscard]] std::optional<std::string> identity_prefix() const override {
    return options_.identity_prefix;
  }

  /// For the hooks of the plugin. Tells the operator of what is dangerous in the options, too.
  [[nodiscard]] peer::sdk::Result<void> start_asking();
  void stop_asking() { asker_.stop(); }

 private:
  /// Whether somebody registers, or has registered by a grant that is about to end.
  struct Asked {
    bool is_renewal = false;
    std::optional<peer::sdk::AuthGrant> granted;  ///< where it may have to be given again
  };

  /// What an answer means for a peer, whoever it is; on the asker's thread.
  [[nodiscard]] peer::sdk::AuthVerdict judge(const Answer& answer, const Asked& asked) const;
  /// What a body means; nullopt, and logged, where it makes no sense.
  [[nodiscard]] std::optional<peer::sdk::AuthVerdict> read(const std::string& body) const;

  const Options options_;
  peer::sdk::PluginHost& host_;
  Asker asker_;
};

}  // namespace peer_http_auth
