#include "http_auth.h"

#include <chrono>
#include <memory>
#include <utility>

#include "answer.h"
#include "question.h"

// Comes in: a register message with the head of its upgrade, on any event loop. Goes out: a verdict
// from the asker's thread. Nothing of a question or of an answer is ever written to a log.
namespace peer_http_auth {
namespace {

using peer::sdk::AuthGrant;
using peer::sdk::AuthPass;
using peer::sdk::AuthRejection;
using peer::sdk::AuthReply;
using peer::sdk::AuthRequest;
using peer::sdk::AuthVerdict;

// With `on_error: allow`, a grant that cannot be asked about goes on for so long.
constexpr std::chrono::seconds kExtension{60};
constexpr const char* kFailed = "authentication failed";

Asker::Settings settings_of(const Options& options) {
  Asker::Settings settings;
  settings.transfer.url = options.url;
  settings.transfer.allow_http = options.allow_http;
  settings.transfer.max_body = options.max_body;
  settings.timeout = options.timeout;
  settings.max_concurrent = options.max_concurrent;
  // A place is given by the asker's thread, so that even the first waits for a moment.
  settings.max_waiting = options.max_concurrent + options.max_waiting;
  return settings;
}

}  // namespace

HttpAuth::HttpAuth(Options options, peer::sdk::PluginHost& host)
    : options_(std::move(options)), host_(host), asker_(settings_of(options_), host) {}

peer::sdk::Result<void> HttpAuth::start_asking() {
  if (!options_.url.https && options_.allow_http) {
    host_.log_warning(
        "its url is http: who is on the way there can read what peers register with, "
        "and let in anybody");
  }
  if (passes_credentials(options_) && host_.takes_any_origin()) {
    host_.log_warning(
        "passes on Cookie or Authorization, and allowed_origins is empty: any page "
        "could register in the name of a visitor; set allowed_origins");
  }
  if (options_.allows_on_error) {
    host_.log_warning("on_error: allow lets everybody in while its url does not answer");
  }
  return asker_.start();
}

void HttpAuth::authenticate(const AuthRequest& request, AuthReply reply) {
  auto body = question_of(request, options_.headers, options_.query);
  if (!body) return reply(AuthRejection{body.error().message});
  Asked asked;
  asked.is_renewal = request.granted != nullptr;
  if (asked.is_renewal && options_.allows_on_error) asked.granted = *request.granted;
  const bool taken = asker_.ask({std::move(*body), request.peer,
                                 [this, reply, asked = std::move(asked)](const Answer& answer) {
                                   reply(judge(answer, asked));
                                 }});
  if (taken) return;
  // Not an error in the sense of `on_error`: whoever asks often enough could cause it.
  if (request.granted != nullptr) return reply(AuthPass{});
  reply(AuthRejection{"too many are being authenticated, try again later"});
}

AuthVerdict HttpAuth::judge(const Answer& answer, const Asked& asked) const {
  if (answer.kind == Answer::Kind::kBody) {
    if (auto verdict = read(answer.text)) return std::move(*verdict);
  } else if (answer.kind == Answer::Kind::kDropped) {
    return AuthRejection{kFailed};
  } else {
    host_.log_warning("cannot ask its url: " + answer.text);
  }
  if (answer.kind == Answer::Kind::kNone && options_.allows_on_error) {
    AuthGrant grant = asked.granted.value_or(AuthGrant());
    if (asked.is_renewal) grant.expires = host_.now() + kExtension;
    return grant;
  }
  // What has been granted is good until its end, which nobody has put off.
  if (asked.is_renewal) return AuthPass{};
  return AuthRejection{answer.kind == Answer::Kind::kNone
                           ? "authentication is not available, try again later"
                           : kFailed};
}

std::optional<AuthVerdict> HttpAuth::read(const std::string& body) const {
  const auto value = host_.parse_json(body);
  auto verdict = value ? read_answer(*value, options_.identity_prefix, host_.now())
                       : peer::sdk::Result<AuthVerdict>(value.error());
  if (verdict) return std::move(*verdict);
  host_.log_warning("its url answers what makes no sense: " + verdict.error().message);
  return std::nullopt;
}

}  // namespace peer_http_auth
